// Verdict first: what a reader must know if he reads nothing else.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>

#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "base/number_text.hpp"
#include "compare/validity.hpp"
#include "report/escape.hpp"
#include "report/figures/figures.hpp"
#include "report/html/parts.hpp"
#include "report/html/table.hpp"
#include "report/verdict_rows.hpp"

namespace host::report {
namespace {

using base::text;

constexpr size_t most_verdicts = 300;  // rows about an experiment of many points: browsers are slow with more

TableCell ratio_cell(const compare::MetricResult* result, double margin) {
  if (result == nullptr) return missing_cell("no record has it");
  if (!result->interval) return missing_cell(result->reason);
  return {ratio_html(result, margin), "n ratio",
          fmt::format("{}, {}", result->metric.name, compare::to_string(result->verdict))};
}

TableCell latency_cell(const compare::MetricResult* result, double margin) {
  auto cell = ratio_cell(result, margin);
  if (result != nullptr && result->interval)
    cell.html = fmt::format("<small>{}</small> {}", escape_html(result->metric.name.substr(8)), cell.html);
  return cell;
}

// Medians instead of ratios where there is nothing to set a side against.
TableCell median_cell(const std::vector<MetricRow>& rows, std::string_view name) {
  const auto* row = find_row(rows, "total", name);
  if (row == nullptr) return missing_cell("no record has it");
  const auto& side = row->sides[0];
  if (side.values.empty()) return missing_cell(side.reason, none_text(side));
  const auto unit = row->unit == "0..1" ? "" : " " + row->unit;
  return figure(base::measure_text(compare::median(side.values), row->unit) + unit);
}

std::set<std::string> clocks(const compare::ComparedConfig& config) {
  std::set<std::string> out;
  for (const auto& side : config.sides)
    for (const auto* run : side.repetitions) out.insert(text(run->metadata({"clock"})));
  return out;
}

// `detailed`: there is a section about it.
TableCell where_cell(const compare::ComparedConfig& config, size_t index, bool detailed) {
  auto html = escape_html(config_title(config));
  if (detailed) html = fmt::format("<a href=\"#{}\">{}</a>", config_id(index), html);
  if (clocks(config).contains("virtual")) html += " <span class=\"tag\">simulated time</span>";
  if (!config.config_hash.empty())
    html += fmt::format("<br><small><code>{}</code></small>", escape_html(base::short_hash(config.config_hash)));
  return {html, {}, config.config_hash};
}

TableCell why_cell(compare::Verdict verdict, std::string_view reason) {
  return {verdict_mark(verdict) + (reason.empty() ? "" : fmt::format("<br><small>{}</small>", escape_html(reason))),
          "why",
          {}};
}

// "3 better, 1 invalid": of rows that are not shown.
std::string counts_of(const std::vector<VerdictRow>& rows) {
  std::map<std::string_view, size_t> counts;
  for (const auto& row : rows) ++counts[compare::to_string(row.judgement.verdict)];
  std::string out;
  for (const auto& [verdict, n] : counts) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", n, verdict);
  return out;
}

std::string noise_list(const compare::Comparison& comparison) {
  std::string out;
  const auto shown = std::span(comparison.configs).first(detailed_configs(comparison));
  for (const auto& config : shown)
    for (const auto& side : config.sides)
      if (const auto noisy = compare::noisy_runs(side.repetitions); !noisy.empty())
        out += fmt::format("<li>{}, {}: {}</li>\n", escape_html(config_title(config)), escape_html(side.side),
                           escape_html(noisy));
  return out.empty() ? out
                     : "<p class=\"note\">Taken on a noisy machine, and used all the same:</p>\n<ul class=\"note\">" +
                           out + "</ul>\n";
}

}  // namespace

std::string verdict_mark(compare::Verdict verdict) {
  const auto* sign = verdict == compare::Verdict::better    ? "▲"
                     : verdict == compare::Verdict::worse   ? "▼"
                     : verdict == compare::Verdict::same    ? "="
                     : verdict == compare::Verdict::invalid ? "✕"
                                                            : "?";
  return fmt::format("<span class=\"verdict {0}\"><span aria-hidden=\"true\">{1}</span> {0}</span>",
                     compare::to_string(verdict), sign);
}

std::string ratio_html(const compare::MetricResult* result, double margin) {
  if (result == nullptr || !result->interval) return "n/a";
  const auto& [ratio, low, high] = *result->interval;
  // Half to double on a log axis 80 units wide; what lies beyond is drawn at the edge.
  const auto x = [](double r) { return std::clamp(40 + 40 * std::log2(r > 0 ? r : 0.5), 0.0, 80.0); };
  const auto band = x(1 + margin) - x(1 / (1 + margin));
  const auto color = result->verdict == compare::Verdict::better  ? "better"
                     : result->verdict == compare::Verdict::worse ? "worse"
                                                                  : "neutral";
  return fmt::format(
      "<svg width=\"80\" height=\"14\" viewBox=\"0 0 80 14\" aria-hidden=\"true\">"
      "<rect class=\"band\" x=\"{:.1f}\" y=\"0\" width=\"{:.1f}\" height=\"14\"/>"
      "<line class=\"one\" x1=\"40\" y1=\"0\" x2=\"40\" y2=\"14\"/>"
      "<g class=\"{}\"><line x1=\"{:.1f}\" y1=\"7\" x2=\"{:.1f}\" y2=\"7\"/><circle cx=\"{:.1f}\" cy=\"7\" r=\"3\"/>"
      "</g></svg> {:.3f}<br> <small>[{:.3f}, {:.3f}]</small>",
      x(1 / (1 + margin)), band, color, x(low), x(high), x(ratio), ratio, low, high);
}

std::string verdict_part(const Page& page) {
  const auto& comparison = page.comparison;
  if (comparison.configs.empty())
    return heading("verdict", "Verdict") + "<p class=\"none\">No results: there is nothing to report on.</p>\n";
  HtmlTable table("Verdict by workload and configuration",
                  {"Workload", "Candidate / baseline", "#Runs", "Verdict", "#throughput", "#latency", "#success_rate"});
  const auto rows = verdict_rows(comparison);
  const auto detailed = detailed_configs(comparison);
  const auto shown = detailed < comparison.configs.size() ? std::min(rows.size(), most_verdicts) : rows.size();
  for (const auto& row : std::span(rows).first(shown)) {
    const auto& config = row.config;
    const auto index = static_cast<size_t>(&config - comparison.configs.data());
    const auto where = where_cell(config, index, index < detailed);
    const auto& [verdict, why] = row.judgement;
    const auto* style = verdict == compare::Verdict::invalid ? "bad" : "";
    if (row.alone()) {
      const auto medians = metric_rows(config);
      auto reason = why;
      for (const auto& problem : row.side.problems)
        if (reason.find(problem) == std::string::npos) reason += "; " + problem;
      table.row({where, words(row.side.side), figure(row.runs()), why_cell(verdict, reason),
                 median_cell(medians, "throughput"), median_cell(medians, "latency_p99"),
                 median_cell(medians, "success_rate")},
                style);
      continue;
    }
    const auto sides =
        fmt::format("{}<br><small>/ {}</small>", escape_html(row.side.side), escape_html(row.baseline().side));
    const auto* success = compare::find_result(config, row.side.side, "total", "success_rate");
    table.row({where,
               {sides, "side", {}},
               figure(row.runs()),
               why_cell(verdict, why),
               ratio_cell(row.throughput, comparison.margin),
               latency_cell(row.latency, comparison.margin),
               ratio_cell(success, comparison.margin)},
              style);
  }
  std::string beyond;
  if (shown < rows.size())
    beyond = fmt::format("<p class=\"note\">The first {} of {} rows; all: {}. comparison.csv has them.</p>\n", shown,
                         rows.size(), counts_of(rows));
  return heading("verdict", "Verdict") + table.html() + beyond +
         fmt::format(
             "<p class=\"note\">Ratios are candidate / baseline with {:.4g} % confidence intervals. The grey band is "
             "the margin, {:.4g} to {:.4g}: an interval within it is the same, one beyond it better or worse. "
             "<a href=\"#method\">How the figures are made</a>.</p>\n",
             comparison.confidence * 100, 1 / (1 + comparison.margin), 1 + comparison.margin) +
         noise_list(comparison);
}

}  // namespace host::report
