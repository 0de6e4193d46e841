#include "report/csv.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/utf8.hpp"

namespace host::report {

std::string csv_field(const std::string& raw) {
  auto text = base::shown_text(raw);
  if (text.find_first_of("=+-@") == 0) text.insert(0, 1, '\'');
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

std::string csv_number(double value) { return std::isfinite(value) ? fmt::format("{:.9g}", value) : ""; }

}  // namespace host::report
