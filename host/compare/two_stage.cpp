#include "compare/two_stage.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace host::compare {
namespace {

constexpr uint64_t most = 1'000'000'000;
constexpr double no_spread = 1e-12;  // of a logarithm: rounding, not variation

double mean(std::span<const double> x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

double deviation(std::span<const double> x) {
  const double middle = mean(x);
  double squares = 0;
  for (const double value : x) squares += (value - middle) * (value - middle);
  const double s = std::sqrt(squares / (static_cast<double>(x.size()) - 1));
  return s <= no_spread ? 0 : s;
}

// By what the deviation of n values is multiplied for the half width of an interval of one value.
double student(size_t n, double confidence) {
  const boost::math::students_t_distribution<double> t(static_cast<double>(n) - 1);
  return boost::math::quantile(t, 0.5 + confidence / 2);
}

}  // namespace

std::optional<std::vector<double>> log_values(std::span<const double> values) {
  std::vector<double> out;
  out.reserve(values.size());
  for (const double value : values) {
    if (!(value > 0) || !std::isfinite(value)) return std::nullopt;
    out.push_back(std::log(value));
  }
  return out;
}

std::optional<std::vector<double>> log_ratios(std::span<const double> baseline, std::span<const double> candidate) {
  const auto n = std::min(baseline.size(), candidate.size());
  const auto below = log_values(baseline.first(n));
  auto out = log_values(candidate.first(n));
  if (!below || !out) return std::nullopt;
  for (size_t i = 0; i < n; ++i) (*out)[i] -= (*below)[i];
  return out;
}

uint64_t repetitions_needed(std::span<const double> first_stage, const WidthGoal& goal) {
  const auto n = first_stage.size();
  if (n < first_stage_fewest) throw std::invalid_argument("a first stage of fewer than 3 repetitions");
  const double ratio = student(n, goal.confidence) * deviation(first_stage) / goal.half_width;
  const double needed = std::ceil(ratio * ratio);
  return needed < static_cast<double>(most) ? std::max<uint64_t>(n, static_cast<uint64_t>(needed)) : most;
}

std::optional<RatioInterval> two_stage_interval(std::span<const double> logs, size_t first_stage,
                                                const WidthGoal& goal) {
  first_stage = std::min(first_stage, logs.size());
  if (first_stage < first_stage_fewest) return std::nullopt;
  const double middle = mean(logs);
  const double half = student(first_stage, goal.confidence) * deviation(logs.first(first_stage)) /
                      std::sqrt(static_cast<double>(logs.size()));
  return RatioInterval{std::exp(middle), std::exp(middle - half), std::exp(middle + half)};
}

double share_of(const RatioInterval& interval) { return std::sqrt(interval.high / interval.low) - 1; }

}  // namespace host::compare
