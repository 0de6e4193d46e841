// What every table of verdicts has: a row for each candidate under each configuration.
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace host::report {

struct VerdictRow {
  const compare::ComparedConfig& config;
  const compare::SideResults& side;         // the candidate; the only side where there is no other
  const compare::MetricResult* throughput;  // in total; null if it was not compared
  const compare::MetricResult* latency;     // of the tail
  compare::Judgement judgement;
  [[nodiscard]] bool alone() const { return config.sides.size() < 2; }
  [[nodiscard]] const compare::SideResults& baseline() const { return config.sides.front(); }
  [[nodiscard]] std::string sides() const;  // "ray / sage", or "sage"
  [[nodiscard]] std::string runs() const;   // "3 / 5", or "5"
};

// Refers to the comparison.
std::vector<VerdictRow> verdict_rows(const compare::Comparison& comparison);

// "1.034 [0.98, 1.09]"; "n/a" without an interval.
std::string ratio_text(const compare::MetricResult* result);
// Likewise of the latency, "p99 1.034 [0.98, 1.09]".
std::string latency_ratio_text(const compare::MetricResult* result);

}  // namespace host::report
