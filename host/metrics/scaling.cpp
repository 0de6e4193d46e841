#include "metrics/scaling.hpp"

#include <algorithm>
#include <string>

namespace host::metrics {
namespace {

// capacity(N) / capacity(1), or why there is none.
std::optional<double> speedup(std::span<const CapacityPoint> points, const CapacityPoint& of, std::string& reason) {
  const auto one = std::ranges::find(points, 1U, &CapacityPoint::nodes);
  if (one == points.end())
    reason = "the capacity of one node was not measured";
  else if (!one->capacity || *one->capacity <= 0)
    reason = "one node met the objectives at no rate";
  else if (!of.capacity)
    reason = "no rate met the objectives";
  else
    return *of.capacity / *one->capacity;
  return std::nullopt;
}

}  // namespace

Metric scaling_efficiency(std::span<const CapacityPoint> points, const CapacityPoint& of) {
  Metric metric{"scaling_efficiency", {}, {}};
  if (const auto s = speedup(points, of, metric.reason)) metric.value = *s / of.nodes;
  return metric;
}

Metric karp_flatt(std::span<const CapacityPoint> points, const CapacityPoint& of) {
  Metric metric{"karp_flatt", {}, {}};
  const auto s = speedup(points, of, metric.reason);
  if (of.nodes < 2) {
    metric.reason = "needs two nodes or more";
  } else if (s) {
    const double n = of.nodes;
    metric.value = (1 / *s - 1 / n) / (1 - 1 / n);
  }
  return metric;
}

}  // namespace host::metrics
