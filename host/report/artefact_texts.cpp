#include "report/artefact_texts.hpp"

#include <fmt/format.h>

#include "compare/validity.hpp"

namespace host::report {

std::string ratio_text(const compare::MetricResult* result) {
  if (result == nullptr || !result->interval) return "n/a";
  const auto& [ratio, low, high] = *result->interval;
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", ratio, low, high);
}

const compare::MetricResult* find_total(const compare::ComparedConfig& config, std::string_view candidate,
                                        std::string_view name) {
  for (const auto& result : config.metrics)
    if (result.candidate == candidate && result.metric.scope == "total" && result.metric.name == name) return &result;
  return nullptr;
}

std::vector<double> column_values(const compare::SideResults& side, std::string_view column) {
  std::vector<double> out;
  for (const auto* run : side.repetitions) {
    if (!compare::usable(*run)) continue;
    const auto& value = column == "throughput"    ? run->throughput
                        : column == "latency_p50" ? run->latency_p50
                        : column == "latency_p95" ? run->latency_p95
                        : column == "latency_p99" ? run->latency_p99
                                                  : run->success_rate;
    if (value) out.push_back(*value);
  }
  return out;
}

}  // namespace host::report
