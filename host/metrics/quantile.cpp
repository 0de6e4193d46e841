#include "metrics/quantile.hpp"

#include <cmath>

namespace host::metrics {

std::optional<double> quantile_ns(const Histogram& histogram, double q) {
  if (histogram.count() < samples_needed(q)) return std::nullopt;
  return static_cast<double>(histogram.quantile(q));
}

uint64_t samples_needed(double q) { return static_cast<uint64_t>(std::ceil(10 / (1 - q) - 1e-6)); }

}  // namespace host::metrics
