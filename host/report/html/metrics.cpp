// The metrics of one configuration, side by side.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/number_text.hpp"
#include "report/escape.hpp"
#include "report/html/parts.hpp"
#include "report/html/table.hpp"

namespace host::report {
namespace {

TableCell side_cell(const SideValues& side, std::string_view unit) {
  if (side.values.empty()) return missing_cell(side.reason, none_text(side));
  auto cell = figure(base::measure_text(compare::median(side.values), unit));
  const auto [low, high] = std::ranges::minmax(side.values);
  if (side.values.size() > 1) {
    if (low != high)
      cell.html += fmt::format("<br><small>{} – {}</small>", escape_html(base::measure_text(low, unit)),
                               escape_html(base::measure_text(high, unit)));
    cell.title = fmt::format("median and range of {} repetitions", side.values.size());
  }
  return cell;
}

std::vector<std::string> headings(const compare::ComparedConfig& config) {
  std::vector<std::string> out = {"Metric"};
  for (const auto& side : config.sides) out.push_back("#" + side.side);
  for (size_t i = 1; i < config.sides.size(); ++i)
    out.push_back(fmt::format("#{} / {}", config.sides[i].side, config.sides[0].side));
  return out;
}

void add_row(HtmlTable& table, const compare::ComparedConfig& config, const MetricRow& row, double margin) {
  std::vector<TableCell> cells = {metric_cell(row.name, row.unit)};
  for (const auto& side : row.sides) cells.push_back(side_cell(side, row.unit));
  for (size_t i = 1; i < config.sides.size(); ++i) {
    const auto* result = compare::find_result(config, config.sides[i].side, row.scope, row.name);
    if (result == nullptr) {
      cells.push_back({"", {}, "not compared"});
      continue;
    }
    auto details = result->reason;
    if (result->ranks)
      details += fmt::format("{}Mann-Whitney p {:.3g}", details.empty() ? "" : "; ", result->ranks->p_value);
    if (result->delta) details += fmt::format("{}Cliff's delta {:+.2f}", details.empty() ? "" : "; ", *result->delta);
    cells.push_back({ratio_html(result, margin) + " " + verdict_mark(result->verdict), "n ratio", details});
  }
  table.row(cells);
}

// Metrics that no side has, by the reason: a line each instead of rows of n/a.
std::string not_measured(const std::vector<const MetricRow*>& missing) {
  std::map<std::string, std::vector<const MetricRow*>> by_reason;
  for (const auto* row : missing) by_reason[row->sides.front().reason].push_back(row);
  std::string out;
  for (const auto& [reason, of] : by_reason) {
    std::string names;
    for (const auto* row : of)
      names += fmt::format("{}<span class=\"na\" title=\"{}\">{}</span>", names.empty() ? "" : ", ",
                           escape_html(reason), metric_link(row->name));
    out += fmt::format("<li>{}: n/a, {}</li>\n", names, escape_html(reason));
  }
  return out.empty() ? out : "<p class=\"note\">Not measured on any side:</p>\n<ul class=\"note\">" + out + "</ul>\n";
}

// "class: chat" of "class:chat".
std::string scope_title(const std::string& scope) {
  const auto colon = scope.find(':');
  return colon == std::string::npos ? scope : scope.substr(0, colon) + ": " + scope.substr(colon + 1);
}

struct Group {
  metrics::Kinds kind;
  std::string_view prefix;  // of the scope
  std::string_view caption;
  size_t least = 1;  // scopes; a run with one tenant has it in total
};
constexpr std::array groups = {
    Group{metrics::in_total, "total", "Whole run"}, Group{metrics::in_part, "class:", "By class"},
    Group{metrics::in_part, "tenant:", "By tenant", 2}, Group{metrics::in_part, "phase:", "By phase", 2},
    Group{metrics::in_event, "event:", "By kind of disturbance"}};
constexpr size_t most_scopes = 200;  // of a group: pages must open

// Of a part of a run its headline metrics; the records have the others.
std::vector<const MetricRow*> rows_of(const std::vector<MetricRow>& rows, const Group& group) {
  std::vector<const MetricRow*> out;
  std::set<std::string_view> scopes;
  for (const auto& row : rows) {
    if (row.kind != group.kind || !row.scope.starts_with(group.prefix) || metrics::find_metric(row.name) == nullptr ||
        row.name.find('.') != std::string::npos)
      continue;
    if (scopes.size() == most_scopes && !scopes.contains(row.scope)) continue;
    scopes.insert(row.scope);
    if (row.headline || row.kind != metrics::in_part || row.name == "offered") out.push_back(&row);
  }
  if (scopes.size() < group.least) out.clear();
  return out;
}

// Rows that stay though no side has a value: that they are n/a is what one has to see.
bool always_shown(const MetricRow& row) {
  return row.kind == metrics::in_total && (row.name == "throughput" || row.name == "success_rate" ||
                                           row.name == "latency_p50" || row.name == "latency_p99");
}

}  // namespace

std::string metric_tables(const compare::ComparedConfig& config, const std::vector<MetricRow>& rows, double margin) {
  std::string out;
  for (const auto& group : groups) {
    HtmlTable table(group.caption, headings(config));
    std::vector<const MetricRow*> missing;
    std::string scope = "total";
    for (const auto* row : rows_of(rows, group)) {
      if (!row->measured() && !always_shown(*row)) {
        if (row->kind == metrics::in_total) missing.push_back(row);
        continue;
      }
      if (row->scope != scope) table.group(scope_title(row->scope));
      scope = row->scope;
      add_row(table, config, *row, margin);
    }
    if (!table.empty()) out += table.html();
    out += not_measured(missing);
  }
  return out;
}

std::string stage_table(const compare::ComparedConfig& config, const std::vector<MetricRow>& rows) {
  HtmlTable table("By stage: wait (queue and transfer) and service of an execution, ms",
                  {"Stage", "Side", "#Wait p50", "#p95", "#p99", "#mean", "#Service p50", "#p95", "#p99", "#mean"});
  std::string stage;
  for (const auto& of : rows) {
    if (of.kind != metrics::in_stage || of.scope == stage) continue;
    stage = of.scope;
    for (size_t side = 0; side < config.sides.size(); ++side) {
      std::vector<TableCell> cells = {words(std::string_view(stage).substr(6)), words(config.sides[side].side)};
      for (const auto* part : {"wait", "service"})
        for (const auto* statistic : {"p50", "p95", "p99", "mean"}) {
          const auto* row = find_row(rows, stage, fmt::format("stage_{}_{}", part, statistic));
          cells.push_back(row == nullptr ? missing_cell("not in the records") : side_cell(row->sides[side], row->unit));
        }
      table.row(cells);
    }
  }
  if (table.empty()) return {};
  return table.html() + fmt::format("<p class=\"note\">Definitions: {}, {}.</p>\n", metric_link("stage_wait"),
                                    metric_link("stage_service"));
}

}  // namespace host::report
