// Ratios with their intervals. tests/bench/coverage.cpp measures how often the intervals hold the truth.
#include "compare/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace host::compare {
namespace {

constexpr size_t fewest = 3;            // repetitions of a side
constexpr size_t fewest_bootstrap = 5;  // below, too few different resamples exist: 10 of 3 values, 35 of 4
constexpr size_t resamples = 4999;      // 25 beyond each end of a 99 % interval
constexpr double no_spread = 1e-12;     // of a logarithm: rounding, not variation

// Steele, Lea and Flood (2014). The same on every system, unlike the standard's distributions.
class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}
  size_t below(size_t n) {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return static_cast<size_t>((static_cast<unsigned __int128>(z) * n) >> 64);
  }

 private:
  uint64_t state_;
};

struct Moments {
  double mean = 0;
  double squared_error = 0;  // of the mean: variance / n
};

Moments moments(std::span<const double> x) {
  const double origin = x[0];  // sums of distances from it lose little to rounding
  double sum = 0;
  double squares = 0;
  for (const double value : x) {
    sum += value - origin;
    squares += (value - origin) * (value - origin);
  }
  const auto n = static_cast<double>(x.size());
  return {origin + sum / n, std::max(0.0, squares - sum * sum / n) / (n - 1) / n};
}

Moments resampled(std::span<const double> x, SplitMix64& random) {
  thread_local std::vector<double> drawn;
  drawn.resize(x.size());
  for (auto& value : drawn) value = x[random.below(x.size())];
  return moments(drawn);
}

// A mean, or a difference of means, with what its interval needs.
struct Estimate {
  double value = 0;
  double error = 0;    // standard error
  double freedom = 1;  // degrees of it, after Welch and Satterthwaite
};

Estimate estimate(std::span<const double> x) {
  const auto m = moments(x);
  return {m.mean, std::sqrt(m.squared_error), static_cast<double>(x.size()) - 1};
}

Estimate difference(const Moments& a, const Moments& b, size_t na, size_t nb) {
  const double squared = a.squared_error + b.squared_error;
  const double parts = a.squared_error * a.squared_error / (static_cast<double>(na) - 1) +
                       b.squared_error * b.squared_error / (static_cast<double>(nb) - 1);
  return {b.mean - a.mean, std::sqrt(squared), parts > 0 ? squared * squared / parts : 1};
}

RatioInterval ratio_of(double value, double low, double high) {
  return {std::exp(value), std::exp(low), std::exp(high)};
}

RatioInterval student(const Estimate& of, double confidence) {
  const boost::math::students_t_distribution<double> t(of.freedom);
  const double half = boost::math::quantile(t, 0.5 + confidence / 2) * of.error;
  return ratio_of(of.value, of.value - half, of.value + half);
}

// The bootstrap-t interval of Efron and Tibshirani (1993), chapter 12.5: `draw` gives the estimate of a resample.
template <typename Draw>
RatioInterval bootstrap_t(const Estimate& of, double confidence, Draw draw) {
  std::vector<double> t(resamples);
  for (auto& value : t) {
    const Estimate again = draw();
    const double distance = again.value - of.value;
    if (again.error > no_spread)
      value = distance / again.error;
    else  // one value drawn n times: as far out as can be
      value = std::abs(distance) <= no_spread ? 0 : std::copysign(std::numeric_limits<double>::infinity(), distance);
  }
  std::ranges::sort(t);
  const auto at = [&](double p) {
    const auto rank = std::ceil(p * static_cast<double>(t.size()));
    return t[std::min(t.size() - 1, static_cast<size_t>(std::max(1.0, rank)) - 1)];
  };
  const double tail = (1 - confidence) / 2;
  return ratio_of(of.value, of.value - at(1 - tail) * of.error, of.value - at(tail) * of.error);
}

std::vector<double> logarithms(std::span<const double> values) {
  std::vector<double> out;
  out.reserve(values.size());
  for (const double value : values) out.push_back(std::log(value));
  return out;
}

bool positive(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return value > 0 && std::isfinite(value); });
}

}  // namespace

std::optional<RatioInterval> paired_ratio(std::span<const double> baseline, std::span<const double> candidate,
                                          double confidence, uint64_t seed) {
  const auto n = std::min(baseline.size(), candidate.size());
  if (n < fewest || !positive(baseline) || !positive(candidate)) return std::nullopt;
  std::vector<double> ratios;
  for (size_t i = 0; i < n; ++i) ratios.push_back(std::log(candidate[i] / baseline[i]));
  const auto of = estimate(ratios);
  if (of.error <= no_spread) return ratio_of(of.value, of.value, of.value);
  if (n < fewest_bootstrap) return student(of, confidence);
  SplitMix64 random(seed);
  return bootstrap_t(of, confidence, [&]() -> Estimate {
    const auto m = resampled(ratios, random);
    return {m.mean, std::sqrt(m.squared_error), 1};
  });
}

std::optional<RatioInterval> independent_ratio(std::span<const double> baseline, std::span<const double> candidate,
                                               double confidence, uint64_t seed) {
  if (baseline.size() < fewest || candidate.size() < fewest || !positive(baseline) || !positive(candidate))
    return std::nullopt;
  const auto a = logarithms(baseline);
  const auto b = logarithms(candidate);
  const auto of = difference(moments(a), moments(b), a.size(), b.size());
  if (of.error <= no_spread) return ratio_of(of.value, of.value, of.value);
  if (std::min(a.size(), b.size()) < fewest_bootstrap) return student(of, confidence);
  SplitMix64 random(seed);
  return bootstrap_t(of, confidence, [&] {
    const auto again = resampled(a, random);
    return difference(again, resampled(b, random), a.size(), b.size());
  });
}

double median(std::span<const double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  const auto middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : std::midpoint(sorted[middle - 1], sorted[middle]);
}

}  // namespace host::compare
