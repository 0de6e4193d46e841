// Statistics over repetitions: the repetition, not the request, is the unit.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace host::compare {

struct RatioInterval {
  double ratio = 1;  // candidate / baseline
  double low = 0;    // of the confidence interval
  double high = 0;
};

// Geometric mean of the paired ratios candidate[i] / baseline[i]. The interval is a bootstrap-t interval on the
// logarithms (Efron and Tibshirani 1993), with fewer than 5 pairs Student's. The same ratio in every pair: [ratio,
// ratio]. Nothing with fewer than 3 pairs or a value <= 0.
std::optional<RatioInterval> paired_ratio(std::span<const double> baseline, std::span<const double> candidate,
                                          double confidence = 0.95, uint64_t seed = 1);
// Ratio of the geometric means of two independent samples, likewise; with fewer than 5 values on a side Welch's
// interval. Nothing with fewer than 3 values on a side or a value <= 0.
std::optional<RatioInterval> independent_ratio(std::span<const double> baseline, std::span<const double> candidate,
                                               double confidence = 0.95, uint64_t seed = 1);

struct RankTest {
  double u = 0;        // of the first sample
  double p_value = 1;  // two-sided
};
// Mann and Whitney (1947): exact without ties and with at most 20 values a side, else the normal approximation with tie
// and continuity correction, as scipy.stats.mannwhitneyu.
RankTest mann_whitney(std::span<const double> a, std::span<const double> b);

// Cliff (1993): P(b > a) - P(b < a), from -1 to 1.
double cliffs_delta(std::span<const double> a, std::span<const double> b);

double median(std::span<const double> values);  // NaN when empty

}  // namespace host::compare
