// Runs the cells of an experiment, one after the other, each in a process of its own: for every command the same way.
#pragma once

#include <functional>

#include "cell/run_one.hpp"
#include "experiment/experiment.hpp"

namespace host::experiment {

// A run, or a search, in a folder made for it; what happened is recorded there and, unless the cell is quiet, told.
cell::CellReport run_cell(const PlannedCell& cell, const cell::CellPlace& place, cell::StopSignals& stop);

// Where commands differ.
struct Conduct {
  // Where a cell is to run; may add to its specification what it has to know of that.
  std::function<cell::CellPlace(const Cell& cell, cell::CellSpec& spec)> place;
  // After each, before the next is asked for: what is kept of it. A cell that was cut off is still pending.
  std::function<void(Cell& cell, const cell::CellReport& report)> ended;
  // Null when there is nothing more to run.
  std::function<Cell*(Experiment& experiment)> next = next_pending;
  double rest_s = 0;                   // between two cells
  decltype(&run_cell) run = run_cell;  // tests have one without a process
};

// Until no cell is left or the user wants to stop. A cell whose folder could not be made has failed, as one that
// crashed has; what `conduct` throws ends the experiment.
void run_cells(Experiment& experiment, const Conduct& conduct, cell::StopSignals& stop);

}  // namespace host::experiment
