// Numbers for a person to read: three digits or so, the unit that fits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace host::base {

std::string rate_text(double per_second);         // "40.2", "1.23k", "4.56M"
std::string ms_text(std::optional<double> ms);    // "0.123", "12.3", "1234"; "n/a"
std::string share_text(std::optional<double> x);  // 0.9987 -> "99.87 %"; "n/a"
// As its unit asks, without naming it: "ms" and "1/s" as above, "0..1" as a share, counts whole, all else 4 digits.
std::string measure_text(double value, std::string_view unit);
// " ms", "/s"; empty for shares, ratios and counts.
std::string unit_suffix(std::string_view unit);
std::string duration_text(double ns);    // "45 ns", "2.60 us", "1.00 ms", "3.00 s"
std::string clock_text(double seconds);  // "01:05", "2:01:05"

}  // namespace host::base
