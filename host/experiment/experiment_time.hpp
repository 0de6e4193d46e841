// How long cells take: by what is planned, and by what those like them took.
#pragma once

#include <optional>
#include <string>

#include "experiment/experiment_run.hpp"

namespace host::experiment {

struct TimeLeft {
  double seconds = 0;     // of the cells that can be told
  size_t cells = 0;       // pending
  size_t unknown = 0;     // of them, those whose time nothing tells: closed loops and searches before the first has run
  bool measured = false;  // some have run, so what backends take to start is in it
};

// Of the cells that are pending; `run` may have run none, or some.
TimeLeft time_left(const ExperimentRun& run);

// "about 12 min 30 s", "about 40 s and 3 cells of unknown length".
std::string left_text(const TimeLeft& left);

}  // namespace host::experiment
