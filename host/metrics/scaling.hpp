// How capacity grows with the number of nodes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "metrics/metric.hpp"

namespace host::metrics {

struct CapacityPoint {
  uint32_t nodes = 1;
  std::optional<double> capacity;  // 1/s; absent = no rate met the objectives
};

// capacity(N) / (N capacity(1)). Null without the capacity of one node.
Metric scaling_efficiency(std::span<const CapacityPoint> points, const CapacityPoint& of);
// (1/S - 1/N) / (1 - 1/N) with S = capacity(N) / capacity(1). Null for one node too: the formula divides by 0.
Metric karp_flatt(std::span<const CapacityPoint> points, const CapacityPoint& of);

}  // namespace host::metrics
