// Deterministic CPU work, measured in nominal microseconds.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>

namespace operators::common {

// A nominal microsecond is a fixed number of steps, 1 us where a step was measured to take 4.05 ns (AMD EPYC): a slower
// core takes longer and a busy one longer still, as real work does. The result must be used, or the compiler drops the
// work.
inline constexpr double churn_steps_per_us = 247;

inline uint64_t churn(uint64_t value, double nominal_us) {
  const auto steps = static_cast<uint64_t>(nominal_us * churn_steps_per_us);
  for (uint64_t i = 0; i < steps; ++i) value = sage::Draw::mix(value + i);  // each step waits for the one before
  return value;
}

}  // namespace operators::common
