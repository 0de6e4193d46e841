#include "experiment/capacity_search.hpp"

#include <algorithm>
#include <cmath>

namespace host::experiment {
namespace {

double rounded(double rate, bool whole) {
  if (whole) return std::max(1.0, std::round(rate));
  const auto unit = std::pow(10.0, std::floor(std::log10(rate)) - 3);
  // divided where the unit is below 1: 0.1 has no exact double, 10 has
  return unit < 1 ? std::round(rate / unit) / std::round(1 / unit) : std::round(rate / unit) * unit;
}

}  // namespace

Capacity find_capacity(const CapacitySearch& search, const std::function<RateAnswer(double rate)>& ask) {
  Capacity found;
  // False when there is nothing more to ask.
  const auto met = [&](double rate) {
    const auto answer = ask(rate);
    found.stopped = answer == RateAnswer::stopped;
    if (answer == RateAnswer::meets) {
      found.low = rate;
    } else if (!found.stopped) {
      found.high = rate;
      found.unusable = answer == RateAnswer::unusable;
    }
    return answer == RateAnswer::meets;
  };

  const auto first = rounded(search.first_rate, search.whole);
  const auto least = search.whole ? 1.0 : first / search.range;
  if (met(first)) {
    for (double rate = 2 * first; rate <= first * search.range && met(rounded(rate, search.whole)); rate *= 2) {
    }
  } else {
    for (double rate = first / 2; !found.stopped && rate >= least && !met(rounded(rate, search.whole)); rate /= 2) {
    }
  }
  while (!found.stopped && found.low && found.high && *found.high > *found.low * (1 + search.tolerance)) {
    const auto middle = rounded(std::sqrt(*found.low * *found.high), search.whole);
    if (middle <= *found.low || middle >= *found.high) break;  // as close as the rounding allows
    met(middle);
  }
  return found;
}

}  // namespace host::experiment
