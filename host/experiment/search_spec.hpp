// What a workload whose manifest says `search = "capacity"` asks the host to search for. The values are options that
// its manifest declares: node_list, attainment, probe_repeat, tolerance.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "catalog/manifest.hpp"
#include "cell/settings.hpp"

namespace host::experiment {

struct SearchSpec {
  std::vector<uint32_t> nodes;  // ascending
  double attainment = 0.9;
  uint32_t repeat = 3;  // runs at a rate, all of which must reach the attainment
  double tolerance = 0.05;

  // That a rate was not met by luck: at one whose median attainment is too low, all runs meet it with probability 2^-n.
  [[nodiscard]] double confidence() const;
};

// Throws Error(usage) for a list of nodes that cannot be read or that the backend cannot have, and for a load without a
// rate.
SearchSpec read_search(const cell::Settings& settings, const catalog::Manifest& workload,
                       const catalog::Manifest& backend);

}  // namespace host::experiment
