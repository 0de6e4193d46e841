#include "base/number_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace host::base {
namespace {

// Three significant digits, at least; never an exponent.
std::string three_digits(double value) {
  const double size = std::abs(value);
  const int decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}", value, decimals);
}

}  // namespace

std::string rate_text(double per_second) {
  if (per_second >= 999'500) return three_digits(per_second / 1e6) + "M";
  if (per_second >= 9'995) return three_digits(per_second / 1e3) + "k";
  return three_digits(per_second);
}

std::string ms_text(std::optional<double> ms) {
  if (!ms) return "n/a";
  if (*ms > 0 && *ms < 0.0005) return "<0.001";
  return *ms < 0.9995 ? fmt::format("{:.3f}", *ms) : three_digits(*ms);
}

std::string share_text(std::optional<double> x) {
  if (!x) return "n/a";
  // rounded down, so that 100.00 % means all
  return fmt::format("{:.2f} %", std::floor(*x * 10'000 + 1e-6) / 100);
}

std::string measure_text(double value, std::string_view unit) {
  if (unit == "ms") return ms_text(value);
  if (unit == "1/s") return rate_text(value);
  if (unit == "0..1") return share_text(value);
  if ((unit == "count" || unit == "requests") && value == std::floor(value)) return fmt::format("{:.0f}", value);
  return fmt::format("{:.4g}", value);
}

std::string unit_suffix(std::string_view unit) {
  if (unit.empty() || unit == "0..1" || unit == "ratio" || unit == "count") return {};
  return unit == "1/s" ? "/s" : fmt::format(" {}", unit);
}

std::string duration_text(double ns) {
  if (ns < 999.5) return fmt::format("{:.0f} ns", ns);
  if (ns < 999.5e3) return three_digits(ns / 1e3) + " us";
  if (ns < 999.5e6) return three_digits(ns / 1e6) + " ms";
  return three_digits(ns / 1e9) + " s";
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<int64_t>(std::max(0.0, seconds));
  if (whole < 3600) return fmt::format("{:02}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace host::base
