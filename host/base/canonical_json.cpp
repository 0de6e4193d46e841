#include "base/canonical_json.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace host::base {
namespace {

void append(std::string& out, const nlohmann::json& value) {
  using Type = nlohmann::json::value_t;
  switch (value.type()) {
    case Type::object: {
      char separator = '{';
      for (const auto& [key, member] :
           value.items()) {  // a std::map: in byte order, which for UTF-8 is code point order
        out += separator;
        append(out, key);
        out += ':';
        append(out, member);
        separator = ',';
      }
      out += separator == '{' ? "{}" : "}";
      return;
    }
    case Type::array: {
      char separator = '[';
      for (const auto& member : value) {
        out += separator;
        append(out, member);
        separator = ',';
      }
      out += separator == '[' ? "[]" : "]";
      return;
    }
    case Type::number_float:
      out += float_text(value.get<double>());
      return;
    default:  // the library spells the rest as Python does
      out += value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
}

}  // namespace

std::string canonical_json(const nlohmann::json& value) {
  std::string out;
  append(out, value);
  return out;
}

// The library's own writer differs: it switches to exponents at 1e15, not 1e16, and is not always the shortest.
std::string float_text(double value) {
  if (!std::isfinite(value)) return "null";
  char buffer[32];  // -1.2345678901234567e-308
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string text(buffer, end);
  const auto e = text.find('e');
  const int exponent = std::atoi(text.c_str() + e + 1);
  if (exponent < -4 || exponent >= 16) return text;  // to_chars and Python agree here: at least two exponent digits
  const bool negative = text[0] == '-';
  std::string digits;
  for (size_t i = negative ? 1 : 0; i < e; ++i)
    if (text[i] != '.') digits += text[i];
  const auto point = static_cast<size_t>(exponent < 0 ? 0 : exponent + 1);  // digits before the decimal point
  if (exponent < 0) {
    digits.insert(0, static_cast<size_t>(-exponent - 1), '0');
    digits.insert(0, "0.");
  } else if (digits.size() <= point) {
    digits.append(point - digits.size(), '0');
    digits += ".0";
  } else {
    digits.insert(point, ".");
  }
  return negative ? "-" + digits : digits;
}

}  // namespace host::base
