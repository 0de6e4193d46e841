// The metrics of one configuration, a row each: what every side measured, whether or not it was compared.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace host::report {

// What one side measured, over its repetitions that may be used.
struct SideValues {
  std::vector<double> values;
  std::string reason;           // why there are none; empty if there are
  std::optional<double> below;  // there are none, and it was measured to be less than this
};

struct MetricRow {
  std::string scope;  // as of records::ScopedMetric
  metrics::Kinds kind = metrics::nowhere;
  std::string name;
  std::string unit;
  bool headline = false;
  std::vector<SideValues> sides;        // as ComparedConfig::sides
  [[nodiscard]] bool measured() const;  // by a side at least
};

// Every metric that a record names, in the order of records::MetricList.
std::vector<MetricRow> metric_rows(const compare::ComparedConfig& config);
// The headline metrics in total, of classes, tenants and phases, and of kinds of events.
std::vector<MetricRow> headline_rows(const compare::ComparedConfig& config);

// Null if there is none.
const MetricRow* find_row(const std::vector<MetricRow>& rows, std::string_view scope, std::string_view name);

// "Q6, seed 42, nodes 1, parallelism 2, config 13d033eb1dc6": what tells it from other configurations.
std::string config_text(const compare::ComparedConfig& config);

// "latency_p99" as "latency p99".
std::string metric_text(std::string_view name);

// A number to read, 4 significant digits: "40.21", "1234", "0.01235"; beyond 1e6 and below 1e-3 as "1.234e+07".
std::string value_text(double value);

// What stands where a side has no value: "n/a", or "< 0.4".
std::string none_text(const SideValues& side);

// "sage (n = 5)", "ray (n = 3 of 5 runs)" where the others may not be used.
std::string runs_text(const compare::SideResults& side);

}  // namespace host::report
