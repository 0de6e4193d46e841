// What is told about a cell, or a search, that has ended.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace host::cell {

struct CellReport {
  std::string name;  // the run id, or the workload's if it did not get that far
  base::Exit exit = base::Exit::ok;
  std::string text = {};              // "ok", or what went wrong
  std::filesystem::path folder = {};  // with what was recorded; empty = nothing was
  std::string signal = {};            // "SIGSEGV", of a cell that crashed
  std::string place = {};             // the plugin call it ended in; empty = not known
};

}  // namespace host::cell
