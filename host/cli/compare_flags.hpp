// What `compare` and `report` have in common on the command line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/flags.hpp"
#include "compare/comparison.hpp"

namespace host::cli {

// "5%" or "0.05", from `least` to `most`. Throws Error(usage) that names the flag.
double parse_share(const std::string& flag, std::string_view text, double least, double most);

// --baseline, --by, --margin, --confidence.
std::vector<catalog::Flag> comparison_flags();
// Their values. Throw Error(usage).
compare::CompareOptions compare_options(const Arguments& arguments);
compare::Sides sides_option(const Arguments& arguments);

}  // namespace host::cli
