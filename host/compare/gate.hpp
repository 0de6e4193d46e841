// Conditions on ratios, for CI: "latency_p99<=1.10, throughput>=0.95, class:chat/slo_attainment>=0.98".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compare/comparison.hpp"

namespace host::compare {

// On candidate / baseline of a metric.
struct GateCondition {
  std::string text;             // as written
  std::string scope = "total";  // "class:chat"
  std::string metric;
  bool at_most = true;  // <= (also <), else >= (also >)
  double bound = 1;
};

// Of a bound so far from 1 that another unit was meant; empty = it is near.
std::string unlikely_bound(const GateCondition& condition);

// Throws Error(usage) that tells where the text is wrong.
std::vector<GateCondition> parse_gate(std::string_view text);

enum class GateState { met, not_met, inconclusive, missing };
const char* to_string(GateState state);

// A condition on one candidate under one configuration.
struct GateLine {
  std::string condition;
  std::string where;  // "Q1 0c5a3ee1f589 ray/sage", "Q2 rate = 20 fifo/default"
  GateState state = GateState::missing;
  std::string reason;
};

struct GateResult {
  std::vector<GateLine> lines;
  bool passed = true;
};

// Met only if the whole interval lies within the bound, not met if all of it lies beyond; else inconclusive, which
// passes only if `lenient`. A metric that is not there, an invalid run and a configuration that one side lacks do not
// pass. A metric of a class, tenant, phase or event has to be there under one configuration at least.
GateResult judge_gate(const Comparison& comparison, const std::vector<GateCondition>& conditions, bool lenient);

}  // namespace host::compare
