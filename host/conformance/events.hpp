// The control events that try a backend: of each kind that it claims one, after the other.
#pragma once

#include <string>

#include "catalog/manifest.hpp"

namespace host::conformance {

struct Events {
  std::string json = "[]";  // for the workload `timeline`
  double end_s = 0;         // when the last one has had its time; 0 = there are none
};

// Those that concern nodes, or the others. `gap_s` apart; faults first, each healed.
Events claimed_events(const catalog::Manifest& backend, bool of_nodes, double gap_s);
// With stages, workers and nodes that there are not.
Events impossible_events(const catalog::Manifest& backend, bool of_nodes, double gap_s);

}  // namespace host::conformance
