// The search for a system's capacity: the largest rate at which it still meets its objectives. It asks about one rate
// at a time and knows nothing of how the answer is found.
//
// Bracketing: from the first rate on, doubling while the answer is yes, halving while it is no. Then bisection, at the
// geometric mean, until the rates between which the capacity lies are as close as asked. A noisy answer near the
// capacity moves the result by the noise and no more: the search never goes back.
#pragma once

#include <functional>
#include <optional>

namespace host::experiment {

struct CapacitySearch {
  double first_rate = 1;
  double tolerance = 0.05;  // ends when the rate that missed is at most this share above the one that met
  double range = 1 << 20;   // no rate more than this factor above or below the first is asked about
  bool whole = false;       // only whole ones are, from 1 on
};

enum class RateAnswer {
  meets,
  misses,
  unusable,  // the run was INVALID: most often the host, not the system, was the limit
  stopped,   // asked to stop: there is no answer
};

struct Capacity {
  std::optional<double> low;   // largest rate that met, with none that missed below it; absent = none did
  std::optional<double> high;  // smallest rate above it that missed; absent = none did
  bool unusable = false;       // the run at `high` was INVALID: the capacity may be above
  bool stopped = false;        // the search did not come to its end
};

// Rates are rounded to 4 significant digits before they are asked about, or to whole ones.
Capacity find_capacity(const CapacitySearch& search, const std::function<RateAnswer(double rate)>& ask);

}  // namespace host::experiment
