// An option as it stands on a command line, and a value that was given for one.
#pragma once

#include <string>
#include <vector>

#include "catalog/option.hpp"

namespace host::catalog {

struct Flag {
  OptionSpec spec;
  std::string placeholder = {};           // "ID" in "--workload ID"; empty = after the type
  char letter = 0;                        // 'b' for -b
  std::vector<std::string> aliases = {};  // other names of the same flag
  bool repeatable = false;
};

// One `name = value` that the user gave, in a file or on the command line, not yet checked.
struct Given {
  std::string owner;  // "q6" in --set q6.rate=1; empty = not qualified
  std::string name;   // snake_case
  std::string text;
  std::string source;  // for messages: "--rate", "--set rate", "run.toml:3"
};

}  // namespace host::catalog
