#include "metrics/quantile.hpp"

#include <cmath>

namespace host::metrics {

std::optional<double> quantile_ns(const Histogram& histogram, double q) {
  if (histogram.count() < samples_needed(q)) return std::nullopt;
  return static_cast<double>(histogram.quantile(q));
}

uint64_t samples_needed(double q) {
  const auto needed = std::ceil(10 / (1 - q) - 1e-6);  // q may be so close to 1 that it is infinite
  return needed < 1e18 ? static_cast<uint64_t>(needed) : UINT64_MAX;
}

}  // namespace host::metrics
