// How often intervals hold the truth when what was measured decides how often is measured, by simulation.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "compare/statistics.hpp"
#include "compare/two_stage.hpp"

namespace host::compare {

// Logarithms with mean 0 and deviation 1: of one side alone, or of pairs, where equal skews cancel. Gamma with shape 4
// has skewness 1, log-normal with 0.5 has 1.75.
enum class LogNoise { normal, gamma, log_normal, gamma_pair, log_normal_pair };

inline double draw_log(LogNoise noise, std::mt19937_64& random) {
  const auto pair_of = [&](LogNoise one) {
    const double first = draw_log(one, random);
    return (first - draw_log(one, random)) / std::sqrt(2.0);
  };
  switch (noise) {
    case LogNoise::normal:
      break;
    case LogNoise::gamma: {
      std::gamma_distribution<double> gamma(4, 1);
      return (gamma(random) - 4) / 2;
    }
    case LogNoise::log_normal: {
      constexpr double s = 0.5;
      std::normal_distribution<double> gauss(0, s);
      const double variance = std::expm1(s * s) * std::exp(s * s);
      return (std::exp(gauss(random)) - std::exp(s * s / 2)) / std::sqrt(variance);
    }
    case LogNoise::gamma_pair:
      return pair_of(LogNoise::gamma);
    case LogNoise::log_normal_pair:
      return pair_of(LogNoise::log_normal);
  }
  std::normal_distribution<double> gauss;
  return gauss(random);
}

// When to stop, and which interval to give then.
enum class StopMethod {
  two_stage,  // Stein's number and interval
  bootstrap,  // Stein's number, then the interval of a comparison without a stop rule
  narrow,     // after each repetition Student's interval of all; stop as soon as it is narrow enough
};

struct StopCoverage {
  double share = 0;        // of intervals that hold the truth
  double reached = 0;      // of intervals that are as narrow as wanted
  double repetitions = 0;  // mean
};

inline RatioInterval student_interval(const std::vector<double>& logs) {
  return *two_stage_interval(logs, logs.size(), {.half_width = 1, .confidence = 0.95});
}

inline RatioInterval stopped(StopMethod method, LogNoise noise, const WidthGoal& goal, size_t first, size_t cap,
                             std::mt19937_64& random, std::vector<double>& logs) {
  logs.clear();
  const auto fill = [&](size_t n) {
    while (logs.size() < n) logs.push_back(draw_log(noise, random));
  };
  fill(first);
  if (method == StopMethod::narrow) {
    const double share = std::expm1(goal.half_width);
    while (logs.size() < cap && share_of(student_interval(logs)) > share) fill(logs.size() + 1);
    return student_interval(logs);
  }
  fill(std::min<size_t>(cap, repetitions_needed(logs, goal)));
  if (method == StopMethod::two_stage) return *two_stage_interval(logs, first, goal);
  std::vector<double> ratios;
  for (const double value : logs) ratios.push_back(std::exp(value));
  return *paired_ratio(std::vector<double>(ratios.size(), 1), ratios, goal.confidence, random());
}

// The true ratio is 1. `width` is the goal's, in deviations of a logarithm.
inline StopCoverage stop_coverage(StopMethod method, LogNoise noise, double width, size_t first, size_t cap,
                                  size_t experiments, uint64_t seed) {
  std::mt19937_64 random(seed);
  const WidthGoal goal{.half_width = width, .confidence = 0.95};
  std::vector<double> logs;
  size_t held = 0, narrow = 0, taken = 0;
  for (size_t i = 0; i < experiments; ++i) {
    const auto interval = stopped(method, noise, goal, first, cap, random, logs);
    held += interval.low <= 1 && 1 <= interval.high ? 1U : 0U;
    narrow += std::log1p(share_of(interval)) <= width * (1 + 1e-9) ? 1U : 0U;
    taken += logs.size();
  }
  const auto n = static_cast<double>(experiments);
  return {static_cast<double>(held) / n, static_cast<double>(narrow) / n, static_cast<double>(taken) / n};
}

}  // namespace host::compare
