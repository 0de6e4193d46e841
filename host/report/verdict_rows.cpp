#include "report/verdict_rows.hpp"

#include <fmt/format.h>

namespace host::report {

std::string VerdictRow::sides() const {
  return alone() ? side.side : fmt::format("{} / {}", side.side, baseline().side);
}

std::string VerdictRow::runs() const {
  return alone() ? fmt::format("{}", side.repetitions.size())
                 : fmt::format("{} / {}", side.repetitions.size(), baseline().repetitions.size());
}

std::vector<VerdictRow> verdict_rows(const compare::Comparison& comparison) {
  std::vector<VerdictRow> out;
  for (const auto& config : comparison.configs) {
    if (config.sides.size() < 2)
      out.push_back({config, config.sides.front(), nullptr, nullptr, {config.verdict, config.reason}});
    for (size_t i = 1; i < config.sides.size(); ++i) {
      const auto& side = config.sides[i];
      out.push_back({config, side, compare::find_result(config, side.side, "total", "throughput"),
                     compare::latency_result(config, side.side), compare::verdict_of(config, side.side)});
    }
  }
  return out;
}

std::string ratio_text(const compare::MetricResult* result) {
  if (result == nullptr || !result->interval) return "n/a";
  const auto& [ratio, low, high] = *result->interval;
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", ratio, low, high);
}

std::string latency_ratio_text(const compare::MetricResult* result) {
  if (result == nullptr || !result->interval) return "n/a";
  return fmt::format("{} {}", std::string_view(result->metric.name).substr(sizeof("latency_") - 1), ratio_text(result));
}

}  // namespace host::report
