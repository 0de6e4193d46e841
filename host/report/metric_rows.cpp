#include "report/metric_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/hash.hpp"
#include "compare/validity.hpp"

namespace host::report {
namespace {

std::string why_none(const compare::SideResults& side) {
  return std::ranges::any_of(side.repetitions, [](const auto* run) { return compare::usable(*run); })
             ? "not in the records of this side"
             : "no run whose status is ok";
}

}  // namespace

bool MetricRow::measured() const {
  return std::ranges::any_of(sides, [](const SideValues& side) { return side.below || !side.values.empty(); });
}

std::vector<MetricRow> metric_rows(const compare::ComparedConfig& config) {
  records::MetricList names;                                                 // of all runs: their order is that of one
  std::vector<std::pair<size_t, std::vector<records::ScopedMetric>>> found;  // side and metrics of each run
  for (size_t side = 0; side < config.sides.size(); ++side)
    for (const auto* run : config.sides[side].repetitions)
      if (compare::usable(*run)) {
        found.emplace_back(side, compare::metrics_of(*run));
        for (const auto& metric : found.back().second) names.add(metric.scope, metric.kind, metric.name, {}, {});
      }
  std::vector<MetricRow> rows;
  std::map<std::pair<std::string, std::string>, size_t> at;  // of rows, by scope and name
  for (const auto& metric : names.take()) {
    at.emplace(std::pair(metric.scope, metric.name), rows.size());
    rows.push_back({metric.scope, metric.kind, metric.name, metric.unit(), metric.headline(),
                    std::vector<SideValues>(config.sides.size())});
  }
  for (auto& [side, metrics] : found)
    for (auto& metric : metrics) {
      auto& of = rows[at.at({metric.scope, metric.name})].sides[side];
      if (metric.value)
        of.values.push_back(*metric.value);
      else if (of.reason.empty())
        of.reason = metric.reason.empty() ? "the record has no value" : std::move(metric.reason);
      if (metric.below) of.below = std::max(of.below.value_or(0), *metric.below);
    }
  for (auto& row : rows)
    for (size_t side = 0; side < config.sides.size(); ++side)
      if (auto& of = row.sides[side]; !of.values.empty())
        of.reason.clear();
      else if (of.reason.empty())
        of.reason = why_none(config.sides[side]);
  return rows;
}

std::vector<MetricRow> headline_rows(const compare::ComparedConfig& config) {
  auto rows = metric_rows(config);
  constexpr auto kinds = metrics::in_total | metrics::in_part | metrics::in_event;
  std::erase_if(rows, [](const MetricRow& row) { return !row.headline || (row.kind & kinds) == 0; });
  return rows;
}

const MetricRow* find_row(const std::vector<MetricRow>& rows, std::string_view scope, std::string_view name) {
  const auto it = std::ranges::find_if(rows, [&](const auto& row) { return row.scope == scope && row.name == name; });
  return it == rows.end() ? nullptr : &*it;
}

std::string config_text(const compare::ComparedConfig& config) {
  std::string out = config.workload;
  if (!config.label.empty()) out += ", " + config.label;
  const auto add = [&](std::string_view name, const std::optional<int64_t>& value) {
    if (value) out += fmt::format(", {} {}", name, *value);
  };
  add("seed", config.seed);
  add("nodes", config.nodes);
  add("parallelism", config.parallelism);
  if (!config.label.empty() && config.config_hash.empty()) return out;
  return out +
         fmt::format(", config {}", config.config_hash.empty() ? "not given" : base::short_hash(config.config_hash));
}

std::string metric_text(std::string_view name) {
  std::string out(name);
  std::ranges::replace(out, '_', ' ');
  return out;
}

std::string value_text(double value) {
  const auto size = std::abs(value);
  if (size == 0) return "0";
  if (size < 1e-3 || size >= 1e6) return fmt::format("{:.3e}", value);
  const int before_point = static_cast<int>(std::floor(std::log10(size))) + 1;
  return fmt::format("{:.{}f}", value, std::clamp(4 - before_point, 0, 6));
}

std::string none_text(const SideValues& side) {
  return side.below ? "< " + value_text(*side.below) : std::string("n/a");
}

std::string runs_text(const compare::SideResults& side) {
  const auto runs = side.repetitions.size();
  const auto used = std::ranges::count_if(side.repetitions, [](const auto* run) { return compare::usable(*run); });
  return static_cast<size_t>(used) == runs ? fmt::format("{} (n = {})", side.side, runs)
                                           : fmt::format("{} (n = {} of {} runs)", side.side, used, runs);
}

}  // namespace host::report
