// Records of an experiment as a test wants them.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "compare/comparison.hpp"
#include "compare/results.hpp"

namespace host::report {

struct MadeCell {
  std::string side = "unified";
  size_t side_index = 0;
  nlohmann::ordered_json point = nlohmann::ordered_json::object();
  size_t point_index = 0;
  std::string point_name = {};  // empty: from the point
  double throughput = 40;
  double latency = 10;  // p99; p50 is half of it
  double attainment = 0.9;
  nlohmann::ordered_json metadata = nlohmann::ordered_json::object();  // beside what every record has
  nlohmann::ordered_json metrics = nlohmann::ordered_json::object();   // likewise
};

inline std::string name_of(const nlohmann::ordered_json& point) {
  std::string out;
  for (const auto& [name, value] : point.items())
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", name,
                       value.is_string() ? value.get<std::string>() : value.dump());
  return out.empty() ? "all" : out;
}

inline void add(compare::ResultSet& results, const MadeCell& cell, int64_t repetition = 1) {
  compare::ResultRecord record;
  record.backend = record.side = cell.side;
  record.workload = "Q2";
  record.run_id = fmt::format("run-{}", results.records.size());
  record.config_hash = fmt::format("{:08x}", cell.point_index);
  record.seed = 42;
  record.throughput = cell.throughput;
  record.latency_p99 = cell.latency;
  nlohmann::ordered_json metadata = {{"status", "ok"},
                                     {"clock", "monotonic"},
                                     {"experiment",
                                      {{"id", "exp-1"},
                                       {"title", "One pool or two"},
                                       {"side", cell.side},
                                       {"side_index", cell.side_index},
                                       {"point", cell.point},
                                       {"point_index", cell.point_index},
                                       {"point_name", cell.point_name.empty() ? name_of(cell.point) : cell.point_name},
                                       {"block", repetition},
                                       {"seeds", "one"}}},
                                     {"metrics",
                                      {{"total",
                                        {{"goodput", cell.throughput * cell.attainment},
                                         {"slo_attainment", cell.attainment},
                                         {"latency_p50", cell.latency / 2}}}}}};
  metadata["metrics"].update(cell.metrics);
  metadata.update(cell.metadata);
  record.columns["metadata"] = std::move(metadata);
  results.records.push_back(std::move(record));
}

// n repetitions around the values, one per cent apart.
inline void repeat(compare::ResultSet& results, const MadeCell& cell, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const double factor = 1 + 0.01 * (static_cast<double>(i) - static_cast<double>(n - 1) / 2);
    auto again = cell;
    again.throughput *= factor;
    again.latency *= factor;
    add(results, again, static_cast<int64_t>(i) + 1);
  }
}

}  // namespace host::report
