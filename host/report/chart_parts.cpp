// Where the time goes and whose objectives are met: stages and classes as bars.
#include <fmt/format.h>

#include <algorithm>

#include "report/chart.hpp"

namespace host::report {
namespace {

using Json = nlohmann::ordered_json;

// "chat" of "class:chat", in the order of the records; at most as many as a chart can show.
std::vector<std::string> names_of(const std::vector<MetricRow>& rows, std::string_view prefix) {
  constexpr size_t most = 24;
  std::vector<std::string> out;
  for (const auto& row : rows)
    if (row.kind != metrics::in_part_of_phase && row.scope.starts_with(prefix))
      if (auto name = row.scope.substr(prefix.size()); out.size() < most && std::ranges::find(out, name) == out.end())
        out.push_back(std::move(name));
  return out;
}

Json medians(const std::vector<MetricRow>& rows, std::string_view prefix, const std::vector<std::string>& names,
             std::string_view metric, size_t side) {
  auto out = Json::array();
  for (const auto& name : names) {
    const auto* row = find_row(rows, fmt::format("{}{}", prefix, name), metric);
    const bool known = row != nullptr && !row->sides[side].values.empty();
    out.push_back(known ? Json(rounded(compare::median(row->sides[side].values))) : Json(nullptr));
  }
  return out;
}

bool any(const Json& values) {
  return std::ranges::any_of(values, [](const auto& value) { return value.is_number(); });
}

std::string runs_text(const std::vector<SideData>& sides) {
  std::string out;
  for (const auto& side : sides)
    out += fmt::format("{}{}: {} run{}", out.empty() ? "" : "; ", side.side, side.usable_runs,
                       side.usable_runs == 1 ? "" : "s");
  return out;
}

}  // namespace

std::vector<Chart> stage_charts(const std::vector<MetricRow>& rows, const std::vector<SideData>& sides) {
  const auto names = names_of(rows, "stage:");
  auto series = Json::array();
  for (size_t i = 0; i < sides.size(); ++i) {
    for (const auto* part : {"service", "wait"}) {
      auto values = medians(rows, "stage:", names, fmt::format("stage_{}_mean", part), i);
      if (!any(values)) continue;
      series.push_back({{"name", fmt::format("{}, {}", sides[i].side, part)},
                        {"color", sides[i].color},
                        {"light", part == std::string_view("wait")},
                        {"stack", sides[i].side},
                        {"values", std::move(values)}});
    }
  }
  if (series.empty()) return {};
  return {{"Time in each stage",
           fmt::format("Mean service and mean wait (queue and transfer) of an execution, ms; median of the runs. {}. "
                       "From the stages of the result records.",
                       runs_text(sides)),
           {{"kind", "bar"},
            {"horizontal", true},
            {"labels", names},
            {"x", {{"title", "mean time of an execution (ms)"}, {"scale", "linear"}, {"min", 0}}},
            {"y", {{"scale", "category"}}},
            {"series", std::move(series)}}}};
}

std::vector<Chart> slo_charts(const std::vector<MetricRow>& rows, const std::vector<SideData>& sides) {
  const auto names = names_of(rows, "class:");
  auto series = Json::array();
  for (size_t i = 0; i < sides.size(); ++i) {
    auto values = medians(rows, "class:", names, "slo_attainment", i);
    if (any(values))
      series.push_back({{"name", sides[i].side}, {"color", sides[i].color}, {"values", std::move(values)}});
  }
  if (series.empty()) return {};
  return {{"SLO attainment by class",
           fmt::format("Share of the offered requests that were ok within every objective of their class; median of "
                       "the runs. {}. From the result records.",
                       runs_text(sides)),
           {{"kind", "bar"},
            {"labels", names},
            {"x", {{"scale", "category"}}},
            {"y", {{"title", "SLO attainment"}, {"scale", "percent"}, {"min", 0}, {"max", 1}}},
            {"series", std::move(series)}}}};
}

}  // namespace host::report
