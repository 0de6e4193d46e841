// Drives a workload as host and backend would, on the serial backend.
#pragma once

#include <sage/plugin.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "operators/common/serial.hpp"

// The first n rows of a schedule, planned in batches of `batch`.
inline std::vector<sage_request> planned(sage::Workload& workload, uint64_t n, size_t batch = 64) {
  std::vector<sage_request> rows(n);
  for (uint64_t seq = 0; seq < n; ++seq) {
    rows[seq].id = seq + 1;
    rows[seq].seq = seq;
  }
  for (size_t at = 0; at < rows.size(); at += batch) {
    const auto part = std::span(rows).subspan(at, std::min(batch, rows.size() - at));
    if (workload.plan(part) != part.size()) throw std::runtime_error("the schedule ended early");
  }
  return rows;
}

// Outcomes and the bytes that they point to.
struct Outcomes {
  std::vector<sage_outcome> rows;
  std::deque<std::vector<std::byte>> results;

  sage_outcome& add(const sage_request& request, const operators::common::SerialBackend::Result& result) {
    const auto& bytes = results.emplace_back(result.bytes);
    sage_outcome row{};
    row.seq = request.seq;
    row.digest = result.digest;
    row.units = result.units;
    row.result = {bytes.data(), bytes.size()};
    return rows.emplace_back(row);
  }
};

// Executes the requests in the given order.
inline Outcomes executed(sage::Workload& workload, const std::vector<sage_request>& requests, uint32_t replicas) {
  operators::common::SerialBackend backend(workload, replicas);
  Outcomes outcomes;
  for (const auto& request : requests) outcomes.add(request, backend.run(request));
  return outcomes;
}

inline std::map<uint64_t, uint64_t> digests(const Outcomes& outcomes) {
  std::map<uint64_t, uint64_t> by_seq;
  for (const auto& row : outcomes.rows) by_seq[row.seq] = row.digest;
  return by_seq;
}

// A permutation that a seed decides (Fisher and Yates).
template <class T>
void shuffle(std::vector<T>& items, uint64_t seed) {
  const sage::Draw draw(seed, "shuffle");
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[draw.integer(i, 0, i - 1)]);
}

inline std::vector<uint32_t> settled(sage::Workload& workload, const std::vector<sage_outcome>& rows) {
  std::vector<uint32_t> verdicts(rows.size(), SAGE_VERDICT_UNCHECKED);
  for (size_t at = 0; at < rows.size(); at += 50) {
    const auto n = std::min<size_t>(50, rows.size() - at);
    workload.settle(std::span(rows).subspan(at, n), std::span(verdicts).subspan(at, n));
  }
  return verdicts;
}
