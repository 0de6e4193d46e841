// How long an execution takes on a node of speed 1.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>

#include "mock/options.hpp"
#include "mock/topology.hpp"

namespace mock {

struct ServiceTime {
  int64_t total_ns = 0;
  int64_t first_ns = 0;  // until the first output token; 0 = the stage's cost does not depend on output tokens
};

// Drawn from (seed, request, step) alone: two runs that differ in nodes, scheduling or faults give each request the
// same demand, so their difference is the system's and not the draw's (common random numbers).
class ServiceTimes {
 public:
  ServiceTimes(const Options& options, uint64_t seed, uint32_t steps_max);
  [[nodiscard]] ServiceTime draw(const sage_request& request, const StageSpec& stage, uint32_t step) const;

 private:
  [[nodiscard]] double shape(uint64_t n) const;  // mean 1

  sage::Draw draw_;
  ServiceShape shape_;
  double service_ns_;
  uint32_t steps_max_;
  double sigma_ = 0;       // lognormal
  double slow_share_ = 0;  // hyperexponential: probability of the phase with the longer mean
};

}  // namespace mock
