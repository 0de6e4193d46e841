// Fields of a CSV, as RFC 4180 has them.
#pragma once

#include <string>

namespace host::report {

// One line; quoted where it must be. What a spreadsheet would compute is text for it behind an apostrophe.
std::string csv_field(const std::string& text);

// 9 digits; empty if it is not finite.
std::string csv_number(double value);

}  // namespace host::report
