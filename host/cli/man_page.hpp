// Manual pages in roff, made of the tables of commands and flags.
#pragma once

#include <string>
#include <vector>

#include "cli/commands.hpp"

namespace host::cli {

struct ManPage {
  std::string name;  // "sage-host-plugin-check"; its file is this and ".1"
  std::string text;
};

// sage-host(1).
ManPage main_page();
// sage-host-run(1) and its like.
ManPage command_page(const Command& command);

}  // namespace host::cli
