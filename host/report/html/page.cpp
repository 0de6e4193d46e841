// The page around its parts.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "metrics/definitions.hpp"
#include "report/escape.hpp"
#include "report/figures/figures.hpp"
#include "report/html/base64_hash.hpp"
#include "report/html/html.hpp"
#include "report/html/page_files.hpp"
#include "report/html/parts.hpp"
#include "report/html/table.hpp"

namespace host::report {
namespace {

// Charts of more configurations make pages that browsers are slow to open; their tables are all there.
constexpr size_t most_with_charts = 24;

// Only the page's own scripts and style, by their hashes, and nothing from elsewhere: text of a record cannot run even
// if it were not escaped.
std::string policy() {
  return fmt::format("default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}' 'sha256-{}'",
                     sha256_base64(page_files::style), sha256_base64(page_files::chart_library),
                     sha256_base64(page_files::script));
}

std::string summary_line(const Page& page) {
  std::set<std::string> workloads;
  std::set<std::string> times;
  size_t unusable = 0;
  for (const auto& record : page.results.records) {
    workloads.insert(record.workload);
    if (!record.timestamp.empty()) times.insert(record.timestamp);
    if (record.status() != "ok") ++unusable;
  }
  const auto count = [](size_t n, std::string_view what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); };
  auto out =
      fmt::format("{} · {} · {} · {}", count(page.results.records.size(), "run"), count(workloads.size(), "workload"),
                  count(page.comparison.configs.size(), "configuration"), count(page.colors.size(), "side"));
  if (!times.empty()) {
    out += " · " + escape_html(*times.begin());
    if (times.size() > 1) out += " to " + escape_html(*times.rbegin());
  }
  if (unusable > 0) out += fmt::format(" · <strong class=\"bad\">{} failed, invalid or interrupted</strong>", unusable);
  return "<p class=\"facts\">" + out + "</p>\n";
}

std::string contents(const Page& page, const std::string& figures, const std::string& frontier,
                     const std::string& environment) {
  std::string out = "<nav aria-label=\"Contents\"><a href=\"#verdict\">Verdict</a>";
  if (!figures.empty()) out += " <a href=\"#figures\">Figures</a>";
  if (!frontier.empty()) out += " <a href=\"#frontier\">Scaling frontier</a>";
  if (!page.comparison.configs.empty()) out += " <a href=\"#c1\">Results</a>";
  if (!environment.empty()) out += " <a href=\"#environment\">Environment</a>";
  return out +
         " <a href=\"#mismatches\">Mismatches</a> <a href=\"#problems\">Input</a> <a href=\"#method\">Method</a> "
         "<a href=\"#definitions\">Definitions</a></nav>\n";
}

std::map<std::string, size_t> colors_of(const compare::Comparison& comparison, const compare::ResultSet& results) {
  std::map<std::string, size_t> out;
  for (const auto& config : comparison.configs)
    for (const auto& side : config.sides) out.emplace(side.side, out.size());
  for (const auto& record : results.records) out.emplace(record.side, out.size());
  return out;
}

std::string script(std::string_view attributes, std::string_view text) {
  return fmt::format("<script{}>{}</script>\n", attributes, text);
}

}  // namespace

std::string method_part(const Page& page) {
  const auto& comparison = page.comparison;
  return heading("method", "How the figures are made") +
         fmt::format(
             "<ul>\n"
             "<li>A run is one repetition, and the repetition is the unit: percentiles are taken within a run, never "
             "over the pooled requests of several. Values are medians over the repetitions whose status is ok, with "
             "their range.</li>\n"
             "<li>A ratio is the geometric mean of candidate / baseline with a {0:.4g} % confidence interval: "
             "bootstrap-t on the logarithms, with fewer than 5 repetitions Student's or Welch's; by pairs where both "
             "sides come from one paired run; by Stein's two stages for the metric that decided how many repetitions "
             "an "
             "experiment has.</li>\n"
             "<li>Better or worse: the whole interval lies beyond the margin, {1:.4g} to {2:.4g}. Same: all of it lies "
             "within. Inconclusive: neither, or fewer than 3 repetitions. Invalid: a run failed, is invalid or was "
             "interrupted, or clocks or outputs differ.</li>\n"
             "<li>The Mann-Whitney test (two-sided; exact without ties) and Cliff's delta, P(candidate &gt; baseline) "
             "- P(candidate &lt; baseline), are shown when a verdict is pointed at.</li>\n"
             "<li>n/a was not measured; it is never 0. Point at it for the reason.</li>\n</ul>\n",
             comparison.confidence * 100, 1 / (1 + comparison.margin), 1 + comparison.margin);
}

std::string definition_part() {
  HtmlTable table("Every metric, as sage-host explain has it", {"Metric", "Unit", "Of", "Definition", "Source"});
  for (const auto& metric : metrics::metric_definitions()) {
    std::string statistics;
    for (const auto& statistic : metric.statistics) statistics += fmt::format(" {}", statistic.name);
    table.row({{fmt::format("<span id=\"{}\">{}</span><small>{}</small>", anchor("m-", metric.name),
                            escape_html(metric.name), escape_html(statistics)),
                {},
                {}},
               words(metric.unit),
               words(metric.of),
               {escape_html(metric.formula), "prose", {}},
               words(metric.source)});
  }
  return heading("definitions", "Definitions") +
         "<p class=\"note\">due, sent, begun, first and done are the clocks of a request: its intended arrival, when "
         "it "
         "was handed to the backend, when its first stage began, its first token, its end.</p>\n" +
         table.html();
}

std::string html_report(const compare::Comparison& comparison, const compare::ResultSet& results) {
  Page page{comparison, results, colors_of(comparison, results), nlohmann::ordered_json::object()};
  const auto figures = experiment_part(page);
  const auto frontier = frontier_part(page);
  const auto environment = environment_part(page);
  std::string body =
      "<header><h1>Benchmark report</h1>\n" + summary_line(page) + contents(page, figures, frontier, environment) +
      "</header>\n<main>\n" + verdict_part(page) +
      "<noscript><p class=\"note\">Charts need script. Every table is here without it.</p></noscript>\n" + figures +
      frontier;
  const auto count = comparison.configs.size();
  const auto detailed = detailed_configs(comparison);
  if (detailed < count)
    body += fmt::format(
        "<p class=\"note\">The first {} of {} points of the experiment follow in detail; figures, verdicts, "
        "comparison.csv and cells.csv have all. Name the folders of some cells for more of them.</p>\n",
        detailed, count);
  else if (count > most_with_charts)
    body += fmt::format(
        "<p class=\"note\">Charts are drawn of the first {} of {} configurations; tables are of all. Name fewer "
        "results for charts of the others.</p>\n",
        most_with_charts, count);
  for (size_t i = 0; i < detailed; ++i) body += config_part(page, i, i < most_with_charts);
  body += environment + mismatch_part(page) + problem_part(page) + method_part(page) + definition_part();
  return fmt::format(
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta name=\"color-scheme\" content=\"light dark\">\n<title>sage-host report</title>\n"
             "<style>{}</style>\n</head>\n<body>\n",
             policy(), page_files::style) +
         body + "</main>\n<footer>Made by sage-host. Charts: Chart.js, MIT License.</footer>\n" +
         script(" type=\"application/json\" id=\"data\"", script_json(page.charts)) +
         script("", page_files::chart_library) + script("", page_files::script) + "</body>\n</html>\n";
}

}  // namespace host::report
