// What is told about a cell, or a search, that has ended.
#pragma once

#include <string>

#include "error.hpp"

namespace host {

struct CellReport {
  std::string name;  // the run id, or the workload's if it did not get that far
  Exit exit = Exit::ok;
  std::string text;
};

}  // namespace host
