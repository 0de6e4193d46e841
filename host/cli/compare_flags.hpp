// What `compare` and `report` have in common on the command line.
#pragma once

#include <string>
#include <vector>

#include "cli/flags.hpp"
#include "compare/comparison.hpp"

namespace host {

// A flag whose value is text.
OptionSpec text_option(std::string name, std::string value, std::string help, std::vector<std::string> choices = {});

// --baseline, --by, --margin, --confidence.
std::vector<Flag> comparison_flags();
// Their values. Throw Error(usage).
CompareOptions compare_options(const Arguments& arguments);
Sides sides_option(const Arguments& arguments);

}  // namespace host
