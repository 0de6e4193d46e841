// A search for capacity: for each number of nodes, runs at one rate after the other, each in a process of its own,
// until the largest rate that meets the objectives is known. The result is a folder with a run's files and
//   state.json     what --resume reads
//   probes.jsonl   every run of the search, as it ended
//   probes/        the full results of each
//   frontier.json, frontier.csv   rate, throughput, p99 and attainment of every run, capacity of every number of nodes
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cell/run_one.hpp"
#include "experiment/capacity_search.hpp"
#include "experiment/probes.hpp"
#include "experiment/search_spec.hpp"

namespace host::experiment {

struct FrontierPoint {
  uint32_t nodes = 1;
  Capacity found;
  std::string note;  // why there is no capacity, or what it is bounded by; empty if there is nothing to say
  bool limited_by_driver = false;  // the run that missed was: the runtime's own capacity may be above
  // Nothing where it is not the system's own: what missed was the driver's or the load generator's limit, or no rate
  // met, or none missed.
  [[nodiscard]] std::optional<double> capacity() const {
    return limited_by_driver || found.unusable || !found.high ? std::nullopt : found.low;
  }
};

struct Frontier {
  std::vector<FrontierPoint> points;  // as far as the search has come, the last one perhaps not to its end
  std::optional<Probe> next;          // the run that it wants to know of; nothing: it has come to its end
};

// What the runs so far say. The whole search is gone through again each time: what it asks first that they do not know
// is the next run, and so a search that was cut off goes on by itself.
Frontier look(const SearchSpec& search, double rate_per_node, uint64_t seed, const Probes& probes);
// How a run answers the search, and in `note` why, if that is to be told.
RateAnswer judge(const SearchSpec& search, const Probe& probe, std::string& note);

// Throws Error when the search cannot begin or go on.
cell::CellReport run_frontier(const cell::CellSpec& cell, const SearchSpec& search, const cell::CellPlace& place,
                              cell::StopSignals& stop);

// The files of a search and, unless the cell is quiet, the table on the terminal.
void write_frontier(const cell::CellSpec& cell, const SearchSpec& search, const std::vector<FrontierPoint>& points,
                    const Probes& probes);

}  // namespace host::experiment
