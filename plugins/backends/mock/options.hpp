// The backend's own options, as the manifest declares them, read once.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <vector>

namespace mock {

enum class ServiceShape { constant, exponential, lognormal, hyperexponential };

struct Options {
  bool real_clock = false;
  ServiceShape shape = ServiceShape::constant;
  double service_ns = 0;  // mean of every stage; 0 = the stages' own cost models
  double service_cv = 1.5;
  int64_t network_ns = 0;              // a hop between two nodes
  std::vector<double> node_speeds{1};  // node n has the speed n modulo their number
  uint64_t drivers = 1;
  int64_t driver_ns = 0;        // that a driver needs for a request
  uint64_t queue_capacity = 0;  // waiting jobs a stage; 0 = unbounded
  bool reject_when_full = false;
  bool resend = false;
  int64_t reconfigure_ns = 0;
  bool operators = false;
};

// Throws sage::Failure(SAGE_INVALID) naming the option.
Options read_options(const sage::Json& config);

}  // namespace mock
