// Runs one cell in a folder made for it; what happened is recorded there and told.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cell/cell_report.hpp"
#include "cell/cell_spec.hpp"
#include "cell/supervise.hpp"

namespace host::cell {

struct CellPlace {
  std::filesystem::path root = {};
  std::string folder = {};                  // its name, that is not there yet; empty = the run id
  std::optional<uint32_t> repetition = {};  // of several
  std::string run_id = {};                  // empty = made of what the cell is, and when
  std::string resume = {};                  // the id of a search to go on with; empty = a new one
};

// A quiet cell is not told on the terminal. The report's folder is empty when nothing was recorded: the cell was
// refused, or its folder takes no files. Throws Error when no folder could be made.
CellReport run_one(CellSpec cell, const CellPlace& place, StopSignals& stop);

const char* outcome_text(base::Exit exit);
// Of the exit codes of several cells, the one that says most.
base::Exit worse(base::Exit a, base::Exit b);

}  // namespace host::cell
