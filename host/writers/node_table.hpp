// What each node of a run did, for the terminal.
#pragma once

#include <string>

#include "records/rows.hpp"

namespace host::writers {

// Empty for a run on one node. Of many nodes a line: how many requests they served, and which of them none.
std::string node_table(const records::RunResult& result);

}  // namespace host::writers
