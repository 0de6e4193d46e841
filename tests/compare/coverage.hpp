// How often an interval holds the true ratio, by simulation.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "compare/statistics.hpp"

namespace host::compare {

enum class Noise { normal, log_normal, skewed };

// Values of one side around `center`: normal with 15 % deviation; log-normal with a deviation of 0.1; skewed, whose
// logarithm itself is log-normal: now and then a repetition is far above the others.
inline std::vector<double> draw_values(Noise noise, size_t n, double center, std::mt19937_64& random) {
  std::normal_distribution<double> gauss;
  std::vector<double> out(n);
  for (auto& value : out) {
    const double z = gauss(random);
    switch (noise) {
      case Noise::normal:
        value = center * std::max(0.01, 1 + 0.15 * z);
        break;
      case Noise::log_normal:
        value = center * std::exp(0.1 * z);
        break;
      case Noise::skewed:
        value = center * std::exp(0.1 * std::exp(0.7 * z));
        break;
    }
  }
  return out;
}

struct Coverage {
  double share = 0;  // of intervals that hold the truth
  double width = 0;  // high / low, median
};

// Of ratios between two samples; nothing where there is none.
using IntervalOf = std::optional<RatioInterval> (*)(std::span<const double> baseline, std::span<const double> candidate,
                                                    double confidence, uint64_t seed);

// Two sides of n repetitions, the candidate 1.2 times the baseline. Paired: both share what their block does to them.
inline Coverage coverage(Noise noise, size_t n, bool paired, size_t experiments, uint64_t seed,
                         IntervalOf interval_of = nullptr) {
  constexpr double truth = 1.2;
  if (interval_of == nullptr) interval_of = paired ? paired_ratio : independent_ratio;
  std::mt19937_64 random(seed);
  std::vector<double> widths;
  size_t held = 0;
  for (size_t i = 0; i < experiments; ++i) {
    auto baseline = draw_values(noise, n, 50, random);
    auto candidate = draw_values(noise, n, 50 * truth, random);
    if (paired) {
      const auto block = draw_values(Noise::log_normal, n, 1, random);
      for (size_t k = 0; k < n; ++k) baseline[k] *= block[k], candidate[k] *= block[k];
    }
    const auto interval = interval_of(baseline, candidate, 0.95, i);
    held += interval->low <= truth && truth <= interval->high ? 1U : 0U;
    widths.push_back(interval->high / interval->low);
  }
  return {static_cast<double>(held) / static_cast<double>(experiments), median(widths)};
}

}  // namespace host::compare
