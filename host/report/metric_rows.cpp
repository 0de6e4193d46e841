#include "report/metric_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compare/compared_metrics.hpp"
#include "compare/validity.hpp"

namespace host::report {
namespace {

bool same(const compare::ComparedMetric& a, const compare::ComparedMetric& b) {
  return a.scope == b.scope && a.name == b.name;
}

MetricRow& row_of(std::vector<MetricRow>& rows, const compare::ComparedMetric& metric, size_t sides) {
  const auto known = std::ranges::find_if(rows, [&](const MetricRow& row) { return same(row.metric, metric); });
  if (known != rows.end()) return *known;
  return rows.emplace_back(MetricRow{metric, std::vector<std::vector<double>>(sides), std::vector<std::string>(sides)});
}

}  // namespace

std::vector<MetricRow> metric_rows(const compare::ComparedConfig& config) {
  std::vector<MetricRow> rows;
  const auto sides = config.sides.size();
  for (size_t side = 0; side < sides; ++side) {
    for (const auto* run : config.sides[side].repetitions) {
      if (!compare::usable(*run)) continue;
      for (auto& found : compare::metrics_of(*run)) {
        auto& row = row_of(rows, found.metric, sides);
        if (found.value)
          row.values[side].push_back(*found.value);
        else if (row.reasons[side].empty())
          row.reasons[side] = found.reason.empty() ? "the record has no value" : found.reason;
      }
    }
  }
  for (auto& row : rows) {
    for (size_t side = 0; side < sides; ++side) {
      auto& reason = row.reasons[side];
      if (!row.values[side].empty())
        reason.clear();
      else if (reason.empty())
        reason =
            std::ranges::any_of(config.sides[side].repetitions, [](const auto* run) { return compare::usable(*run); })
                ? "no record of this side names it"
                : "no run of this side may be used";
    }
  }
  return rows;
}

const compare::MetricResult* result_of(const compare::ComparedConfig& config, const compare::ComparedMetric& metric,
                                       std::string_view candidate) {
  for (const auto& result : config.metrics)
    if (result.candidate == candidate && same(result.metric, metric)) return &result;
  return nullptr;
}

std::string config_text(const compare::ComparedConfig& config) {
  std::string out = config.workload;
  const auto add = [&](std::string_view name, const std::optional<int64_t>& value) {
    if (value) out += fmt::format(", {} {}", name, *value);
  };
  add("seed", config.seed);
  add("nodes", config.nodes);
  add("parallelism", config.parallelism);
  return out + fmt::format(", config {}", config.config_hash.empty() ? "not given" : config.config_hash.substr(0, 12));
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

std::string runs_text(const compare::SideResults& side) {
  const auto runs = side.repetitions.size();
  const auto used = std::ranges::count_if(side.repetitions, [](const auto* run) { return compare::usable(*run); });
  return static_cast<size_t>(used) == runs ? fmt::format("{} (n = {})", side.side, runs)
                                           : fmt::format("{} (n = {} of {} runs)", side.side, used, runs);
}

}  // namespace host::report
