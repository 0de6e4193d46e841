// What each metric name means. One table, which `explain METRIC`, the records' documentation and the tests read.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace host::metrics {

struct MetricDefinition {
  std::string_view name;
  std::span<const std::string_view> statistics;  // "p99" of "latency_p99"; empty: the name stands alone
  std::string_view unit;
  std::string_view of;          // what it exists for: "run, phase, class, tenant"
  std::string_view definition;  // due, sent, begun, first and done are the clocks of a request
  std::string_view source;
};

std::span<const MetricDefinition> metric_definitions();

// By "latency_p99", or by the family's name, "latency"; null if there is none.
const MetricDefinition* find_metric(std::string_view name);

// Every full name, in the table's order.
std::vector<std::string> metric_names();

// For a terminal, several lines; absent when no metric has the name.
std::optional<std::string> explain(std::string_view name);

}  // namespace host::metrics
