// The metrics of one configuration, a row each: what every side measured, whether or not it was compared.
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace host::report {

struct MetricRow {
  compare::ComparedMetric metric;
  std::vector<std::vector<double>> values;  // by side as in ComparedConfig::sides, then by repetition
  std::vector<std::string> reasons;         // by side: why it has no value; empty if it has
};

// In the records' order, over the repetitions that may be used. A metric that no record names has no row.
std::vector<MetricRow> metric_rows(const compare::ComparedConfig& config);

// What was found for a candidate; null if the metric was not compared.
const compare::MetricResult* result_of(const compare::ComparedConfig& config, const compare::ComparedMetric& metric,
                                       std::string_view candidate);

// "Q6, seed 42, nodes 1, parallelism 2, config 13d033eb1dc6": what tells it from other configurations.
std::string config_text(const compare::ComparedConfig& config);

// "latency_p99" as "latency p99".
std::string metric_text(std::string_view name);

// A number to read, 4 significant digits: "40.21", "1234", "0.01235"; beyond 1e6 and below 1e-3 as "1.234e+07".
std::string value_text(double value);

// "sage (n = 5)", "ray (n = 3 of 5 runs)" where the others may not be used.
std::string runs_text(const compare::SideResults& side);

}  // namespace host::report
