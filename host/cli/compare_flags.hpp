// What `compare` and `report` have in common on the command line.
#pragma once

#include <string>
#include <vector>

#include "cli/flags.hpp"
#include "compare/comparison.hpp"

namespace host::cli {

// --baseline, --by, --margin, --confidence.
std::vector<catalog::Flag> comparison_flags();
// Their values. Throw Error(usage).
compare::CompareOptions compare_options(const Arguments& arguments);
std::vector<std::string> by_option(const Arguments& arguments);

}  // namespace host::cli
