#include "metrics/definitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace host::metrics {
namespace {

bool is_quantile(const Statistic& statistic) { return statistic.q < 1; }

}  // namespace

const char* to_string(Direction direction) {
  switch (direction) {
    case Direction::lower:
      return "lower";
    case Direction::higher:
      return "higher";
    case Direction::none:
      break;
  }
  return "none";
}

const Statistic* find_statistic(const MetricDefinition& definition, std::string_view name) {
  if (!name.starts_with(definition.name) || name.size() <= definition.name.size() + 1) return nullptr;
  if (name[definition.name.size()] != '_') return nullptr;
  const auto found =
      std::ranges::find(definition.statistics, name.substr(definition.name.size() + 1), &Statistic::name);
  return found == definition.statistics.end() ? nullptr : &*found;
}

const MetricDefinition* find_metric(std::string_view name) {
  name = name.substr(0, name.find('.'));
  const auto found = std::ranges::find_if(metric_definitions(), [&](const MetricDefinition& definition) {
    return name == definition.name || find_statistic(definition, name) != nullptr;
  });
  return found == metric_definitions().end() ? nullptr : &*found;
}

std::string impossible(const MetricDefinition& definition, double value) {
  constexpr double rounding = 1e-9;
  if (definition.unit == "0..1" && (value < -rounding || value > 1 + rounding))
    return fmt::format("{:.6g} is no share of 0..1", value);
  // Ratios of estimates and slopes may come out on the other side.
  if (value < 0 && definition.unit != "ratio" && !definition.unit.ends_with("/h"))
    return fmt::format("{:.6g} is less than 0", value);
  return {};
}

std::string label(const MetricDefinition& definition) {
  std::string out(definition.label.empty() ? definition.name : definition.label);
  std::ranges::replace(out, '_', ' ');
  return out;
}

bool is_headline(const MetricDefinition& definition, const Statistic* statistic) {
  return definition.rank > 0 && (statistic == nullptr || statistic->compared != nowhere);
}

bool is_compared(const MetricDefinition& definition, const Statistic* statistic, Kinds kind) {
  return (definition.compared & kind) != 0 && (statistic == nullptr || (statistic->compared & kind) != 0);
}

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const auto& definition : metric_definitions()) {
    if (definition.statistics.empty()) names.emplace_back(definition.name);
    for (const auto& statistic : definition.statistics)
      names.push_back(fmt::format("{}_{}", definition.name, statistic.name));
  }
  return names;
}

Metric not_counted(std::string name) {
  const auto* definition = find_metric(name);
  if (definition == nullptr || definition->reason.empty())
    throw std::out_of_range(fmt::format("metric '{}' has no reason in the table of metrics", name));
  return missing(std::move(name), std::string(definition->reason));
}

std::optional<std::string> explain(std::string_view name) {
  const auto* found = find_metric(name);
  if (found == nullptr || name.find('.') != std::string_view::npos) return std::nullopt;
  auto text = fmt::format("{}  [{}]  of each: {}\n  {}.\n", name, found->unit, found->of, found->formula);
  const auto* statistic = find_statistic(*found, name);
  if (!found->statistics.empty()) {
    std::string all;
    for (const auto& one : found->statistics) all += fmt::format("{}{}", all.empty() ? "" : ", ", one.name);
    if (statistic == nullptr) text += fmt::format("  Given as: {}.\n", all);
    if (statistic == nullptr || is_quantile(*statistic))
      text += "  A quantile q of n samples is null (n/a) unless n(1 - q) >= 10.\n";
  }
  if (!found->source.empty()) text += fmt::format("  Source: {}.\n", found->source);
  return text;
}

}  // namespace host::metrics
