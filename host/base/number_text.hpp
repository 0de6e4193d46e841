// Numbers for a person to read: three digits or so, the unit that fits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace host::base {

std::string rate_text(double per_second);         // "40.2", "1.23k", "4.56M"
std::string ms_text(std::optional<double> ms);    // "0.123", "12.3", "1234"; "n/a"
std::string share_text(std::optional<double> x);  // 0.9987 -> "99.87 %"; "n/a"
std::string duration_text(double ns);             // "45 ns", "2.60 us", "1.00 ms", "3.00 s"
std::string clock_text(double seconds);           // "01:05", "2:01:05"

}  // namespace host::base
