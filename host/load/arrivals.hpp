// The random arrival processes behind make_arrivals() (load.hpp), as far as tests and the record need to see them.
#pragma once

#include <cstdint>

#include "load/load.hpp"

namespace host::load {

// No arrival is later than this (73 years): sums of due times and time-outs stay far from overflow.
inline constexpr int64_t latest_due_ns = int64_t{1} << 61;

// Adds up gaps between arrivals in whole ns and keeps the remainder, so that time neither drifts nor loses resolution
// however long the run: after 1e8 gaps the sum is off by less than 1 ns plus the rounding of the gaps themselves.
class Elapsed {
 public:
  // `gap_ns` >= 0. Returns the new time.
  int64_t add(double gap_ns) {
    const double sum = fraction_ + gap_ns;
    if (sum >= static_cast<double>(latest_due_ns - at_ns_)) [[unlikely]]
      return at_ns_ = latest_due_ns;
    const auto whole = static_cast<int64_t>(sum);
    fraction_ = sum - static_cast<double>(whole);
    return at_ns_ += whole;
  }

 private:
  int64_t at_ns_ = 0;
  double fraction_ = 0;
};

// Rates of the two states of a bursty load, 1/s.
struct BurstRates {
  double calm = 0;
  double burst = 0;
};
// With mean dwell times C and B in the two states, burst = factor * calm, and the long-run mean as configured:
//   calm = rate * (C + B) / (C + factor * B)
BurstRates burst_rates(const LoadConfig& config);

}  // namespace host::load
