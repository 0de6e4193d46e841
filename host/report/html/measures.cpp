// The metrics of one configuration, side by side.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "report/escape.hpp"
#include "report/html/parts.hpp"
#include "report/html/table.hpp"

namespace host::report {
namespace {

TableCell side_cell(const SideValues& side, std::string_view unit) {
  if (side.values.empty()) return missing_cell(side.reason);
  auto cell = figure(measure_text(compare::median(side.values), unit));
  const auto [low, high] = std::ranges::minmax(side.values);
  if (side.values.size() > 1) {
    if (low != high)
      cell.html += fmt::format("<br><small>{} – {}</small>", escape_html(measure_text(low, unit)),
                               escape_html(measure_text(high, unit)));
    cell.title = fmt::format("median and range of {} repetitions", side.values.size());
  }
  return cell;
}

bool measured_somewhere(const Measure& measure) {
  return std::ranges::any_of(measure.sides, [](const auto& side) { return !side.values.empty(); });
}

std::vector<std::string> headings(const compare::ComparedConfig& config) {
  std::vector<std::string> out = {"Metric"};
  for (const auto& side : config.sides) out.push_back("#" + side.side);
  for (size_t i = 1; i < config.sides.size(); ++i)
    out.push_back(fmt::format("#{} / {}", config.sides[i].side, config.sides[0].side));
  return out;
}

void add_row(HtmlTable& table, const compare::ComparedConfig& config, const Measure& measure, double margin) {
  std::vector<TableCell> cells = {metric_cell(measure.name, measure.unit)};
  for (const auto& side : measure.sides) cells.push_back(side_cell(side, measure.unit));
  for (size_t i = 1; i < config.sides.size(); ++i) {
    const auto* result = find_result(config, config.sides[i].side, measure.scope, measure.name);
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
std::string not_measured(const std::vector<const Measure*>& missing) {
  std::map<std::string, std::vector<const Measure*>> by_reason;
  for (const auto* measure : missing) {
    const auto said = std::ranges::find_if(measure->sides, [](const auto& side) { return !side.reason.empty(); });
    by_reason[said == measure->sides.end() ? "" : said->reason].push_back(measure);
  }
  std::string out;
  for (const auto& [reason, of] : by_reason) {
    std::string names;
    for (const auto* measure : of)
      names += fmt::format("{}<span class=\"na\" title=\"{}\">{}</span>", names.empty() ? "" : ", ",
                           escape_html(reason), metric_link(measure->name));
    out += fmt::format("<li>{}: n/a, {}</li>\n", names,
                       escape_html(reason.empty() ? "the records do not say why" : reason));
  }
  return out.empty() ? out : "<p class=\"note\">Not measured on any side:</p>\n<ul class=\"note\">" + out + "</ul>\n";
}

// "class: chat" of "class:chat".
std::string scope_title(const std::string& scope) {
  const auto colon = scope.find(':');
  return colon == std::string::npos ? scope : scope.substr(0, colon) + ": " + scope.substr(colon + 1);
}

// Of a part of a run its headline metrics; the records have the others.
constexpr std::array of_part = {
    std::string_view("offered"),        std::string_view("goodput"),     std::string_view("success_rate"),
    std::string_view("slo_attainment"), std::string_view("latency_p50"), std::string_view("latency_p95"),
    std::string_view("latency_p99"),    std::string_view("ttft_p50"),    std::string_view("ttft_p99"),
    std::string_view("tpot_p50"),       std::string_view("tpot_p99")};

struct Group {
  std::string_view prefix;  // of the scope
  std::string_view caption;
  bool part;         // of_part alone
  size_t least = 1;  // scopes; a run with one tenant has it in total
};
constexpr std::array groups = {Group{"total", "Whole run", false}, Group{"class:", "By class", true},
                               Group{"tenant:", "By tenant", true, 2}, Group{"phase:", "By phase", true, 2},
                               Group{"event:", "By kind of disturbance", false}};

size_t scopes_with(const std::vector<Measure>& measures, std::string_view prefix) {
  std::set<std::string_view> out;
  for (const auto& measure : measures)
    if (measure.scope.starts_with(prefix)) out.insert(measure.scope);
  return out.size();
}

// Rows that stay though no side has a value: that they are n/a is what one has to see.
bool always_shown(const Measure& measure) {
  return measure.scope == "total" && (measure.name == "throughput" || measure.name == "success_rate" ||
                                      measure.name == "latency_p50" || measure.name == "latency_p99");
}

}  // namespace

std::string measure_tables(const compare::ComparedConfig& config, const std::vector<Measure>& measures, double margin) {
  std::string out;
  for (const auto& group : groups) {
    if (scopes_with(measures, group.prefix) < group.least) continue;
    HtmlTable table(group.caption, headings(config));
    std::vector<const Measure*> missing;
    std::string scope = "total";
    for (const auto& measure : measures) {
      if (!measure.scope.starts_with(group.prefix)) continue;
      if (group.part && std::ranges::find(of_part, measure.name) == of_part.end()) continue;
      if (!measured_somewhere(measure) && !always_shown(measure)) {
        if (scope == measure.scope && scope == "total") missing.push_back(&measure);
        continue;
      }
      if (measure.scope != scope) table.group(scope_title(measure.scope));
      scope = measure.scope;
      add_row(table, config, measure, margin);
    }
    if (!table.empty()) out += table.html();
    out += not_measured(missing);
  }
  return out;
}

std::string stage_table(const compare::ComparedConfig& config, const std::vector<Measure>& measures) {
  HtmlTable table("By stage: wait (queue and transfer) and service of an execution, ms",
                  {"Stage", "Side", "#Wait p50", "#p95", "#p99", "#mean", "#Service p50", "#p95", "#p99", "#mean"});
  std::string stage;
  for (const auto& of : measures) {
    if (!of.scope.starts_with("stage:") || of.scope == stage) continue;
    stage = of.scope;
    for (size_t side = 0; side < config.sides.size(); ++side) {
      std::vector<TableCell> cells = {words(std::string_view(stage).substr(6)), words(config.sides[side].side)};
      for (const auto* part : {"wait", "service"})
        for (const auto* statistic : {"p50", "p95", "p99", "mean"}) {
          const auto* measure = find_measure(measures, stage, fmt::format("stage_{}_{}", part, statistic));
          cells.push_back(measure == nullptr ? missing_cell("not in the records")
                                             : side_cell(measure->sides[side], measure->unit));
        }
      table.row(cells);
    }
  }
  if (table.empty()) return {};
  return table.html() + fmt::format("<p class=\"note\">Definitions: {}, {}.</p>\n", metric_link("stage_wait"),
                                    metric_link("stage_service"));
}

}  // namespace host::report
