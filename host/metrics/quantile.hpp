// Quantiles that have enough samples behind them.
#pragma once

#include <cstdint>
#include <optional>

#include "metrics/histogram.hpp"

namespace host::metrics {

// A quantile in ns, absent unless n(1 - q) >= 10: a number made of three samples is none.
std::optional<double> quantile_ns(const Histogram& histogram, double q);
// How many samples that takes.
uint64_t samples_needed(double q);

}  // namespace host::metrics
