// What each metric means, and everything else that an output has to know of it: one table, which `explain METRIC`, the
// records, comparison, gate, reports, the terminal and the tests read. CONTRIBUTING.md shows how to add an entry.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/metric.hpp"

namespace host::metrics {

enum class Direction : uint8_t { none, lower, higher };  // which values are better
const char* to_string(Direction direction);

// What a value is of. Kinds add up: `in_total | in_part`.
using Kinds = uint8_t;
inline constexpr Kinds nowhere = 0;
inline constexpr Kinds in_total = 1;
inline constexpr Kinds in_part = 2;           // a class, a tenant or a phase
inline constexpr Kinds in_part_of_phase = 4;  // a class or a tenant within a phase
inline constexpr Kinds in_stage = 8;
inline constexpr Kinds in_event = 16;  // the faults or the changes of one kind

// "p99" of "latency_p99".
struct Statistic {
  std::string_view name;
  double q = 0;  // a quantile; or one of these:
  Kinds compared = nowhere;
};
inline constexpr double q_max = 2;
inline constexpr double q_mean = 3;
inline constexpr Statistic p50 = {"p50", 0.5, in_total | in_part};
inline constexpr Statistic p90 = {"p90", 0.9};
inline constexpr Statistic p95 = {"p95", 0.95, in_total};
inline constexpr Statistic p99 = {"p99", 0.99, in_total | in_part};
inline constexpr Statistic p999 = {"p999", 0.999};
inline constexpr Statistic largest = {"max", q_max};
inline constexpr Statistic mean = {"mean", q_mean, in_total};
// The tail of a distribution: the first of these that has samples enough.
inline constexpr std::array tail = {p99, p95, p50};
inline constexpr std::array tail_latencies = {"latency_p99", "latency_p95", "latency_p50"};

struct MetricDefinition {
  std::string_view name = {};
  std::span<const Statistic> statistics = {};  // each makes a name of its own; empty: the name stands alone
  std::string_view unit = {};
  std::string_view of = {};       // what it exists for, in words: "run, phase, class, tenant"
  std::string_view formula = {};  // due, sent, begun, first and done are the clocks of a request
  std::string_view source = {};   // empty: none but this table
  Direction better = Direction::none;
  uint8_t rank = 0;          // its place among the headline metrics, which every output shows; 0 = complete lists only
  Kinds compared = nowhere;  // where a ratio of it says something; of a family the statistics' own kinds count too
  std::string_view label = {};   // on the terminal; empty: the name in words
  std::string_view reason = {};  // why it has no value when nothing was counted
};

std::span<const MetricDefinition> metric_definitions();

// Why such a value cannot be: "99.5 is no share of 0..1"; empty = it can.
std::string impossible(const MetricDefinition& definition, double value);

// By "latency_p99", by the family's name "latency", or by a member's, "outcomes.ok"; null if there is none.
const MetricDefinition* find_metric(std::string_view name);
// By a full name, null if it has none.
const Statistic* find_statistic(const MetricDefinition& definition, std::string_view name);

// For people: "MTTR", "load balance".
std::string label(const MetricDefinition& definition);
bool is_headline(const MetricDefinition& definition, const Statistic* statistic);
bool is_compared(const MetricDefinition& definition, const Statistic* statistic, Kinds kind);

// Every full name, in the table's order.
std::vector<std::string> metric_names();

// Without a value because nothing was counted: with the reason that the table has.
Metric not_counted(std::string name);

// For a terminal, several lines; absent when no metric has the name.
std::optional<std::string> explain(std::string_view name);

}  // namespace host::metrics
