// Results as a test wants them.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "compare/results.hpp"

namespace host::compare {

struct Made {
  std::string side = "sage";
  double throughput = 40;
  double latency_p99 = 10;
  double success_rate = 1;
  std::string workload = "Q1";
  std::string config_hash = "aaaaaaaaaaaaaaaa";
  nlohmann::ordered_json metadata = nullptr;
};

inline void add(ResultSet& results, const Made& made) {
  ResultRecord record;
  record.backend = record.side = made.side;
  record.workload = made.workload;
  record.run_id = fmt::format("run-{}", results.records.size());
  record.config_hash = made.config_hash;
  record.seed = 42;
  record.nodes = 1;
  record.parallelism = 2;
  record.throughput = made.throughput;
  record.latency_p99 = made.latency_p99;
  record.success_rate = made.success_rate;
  if (!made.metadata.is_null()) record.columns["metadata"] = made.metadata;
  results.records.push_back(std::move(record));
}

// n repetitions around the values, one per cent apart.
inline void add(ResultSet& results, Made made, size_t n) {
  const auto middle = made;
  for (size_t i = 0; i < n; ++i) {
    const double factor = 1 + 0.01 * (static_cast<double>(i) - static_cast<double>(n - 1) / 2);
    made.throughput = middle.throughput * factor;
    made.latency_p99 = middle.latency_p99 * factor;
    add(results, made);
  }
}

}  // namespace host::compare
