// The histogram logs of many runs as one.
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace host::report {

struct MergedHlog {
  std::string text;                   // empty: no run has a log
  size_t runs = 0;                    // whose logs are in it
  std::vector<std::string> problems;  // of logs that could not be read
};

// One line for each configuration and side, and for each of its classes, tenants and phases, over the repetitions that
// may be used. Tags are "Q6/13d033eb1dc6/ray" and "Q6/13d033eb1dc6/ray/class:chat"; the times of the windows add up.
MergedHlog merged_hlog(const compare::Comparison& comparison);

}  // namespace host::report
