// How often to repeat until a ratio is known to within a given width, decided once, after a first stage: Stein's
// two-stage procedure (A two-sample test for a linear hypothesis whose power is independent of the variance, Annals of
// Mathematical Statistics 16(3), 1945). The number depends on the first stage's spread alone, never on its mean, and
// the interval takes the spread from there too: so nothing is gained by looking, and the interval holds the truth as
// often as it says, whatever the spread. Stopping as soon as an interval is narrow does not (tests/bench/coverage.cpp).
//
// Logarithms of ratios, candidate / baseline of each pair, or of the values of one side alone. Comparisons use it
// independently of each other: whoever runs all of them takes the largest number. A cap that was set beforehand, or a
// time that is over, makes the interval wider and no less true: then tell the width that was reached.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "compare/statistics.hpp"

namespace host::compare {

inline constexpr size_t first_stage_fewest = 3;
inline constexpr size_t first_stage_good = 5;  // with 3, t is 4.3 instead of 2.8, and N more than twice as large

struct WidthGoal {
  double half_width = 0;  // of the logarithm: log1p(0.05) for an interval from ratio / 1.05 to ratio * 1.05
  double confidence = 0.95;
};

// Logarithms of candidate / baseline by pair, as far as both go. Nothing where a value is not above 0.
std::optional<std::vector<double>> log_ratios(std::span<const double> baseline, std::span<const double> candidate);
std::optional<std::vector<double>> log_values(std::span<const double> values);

// In all, the first stage included: never fewer than are there, and at most 1e9. Needs first_stage_fewest.
uint64_t repetitions_needed(std::span<const double> first_stage, const WidthGoal& goal);

// Of the ratio (of one side alone: of the geometric mean), from all logarithms in the order in which they were taken;
// the first `first_stage` of them tell the spread. At most as wide as the goal if there are as many as were needed, and
// wider if not. Nothing with fewer than first_stage_fewest in the first stage.
std::optional<RatioInterval> two_stage_interval(std::span<const double> logs, size_t first_stage,
                                                const WidthGoal& goal);

// The width that an interval has, as StopRule::share: 0.05 for [ratio / 1.05, ratio * 1.05].
double share_of(const RatioInterval& interval);

}  // namespace host::compare
