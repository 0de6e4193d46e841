// One configuration: its charts, then its tables.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "compare/validity.hpp"
#include "report/escape.hpp"
#include "report/figures/figures.hpp"
#include "report/html/parts.hpp"

namespace host::report {
namespace {

using base::text;
SideData side_data(const Page& page, const compare::SideResults& side, bool read) {
  SideData out;
  out.side = side.side;
  out.color = page.colors.at(side.side);
  for (const auto* run : side.repetitions) {
    if (!compare::usable(*run)) continue;
    ++out.usable_runs;
    if (read && out.runs.size() < most_runs_read) out.runs.push_back(read_run_data(run->folder));
  }
  return out;
}

std::string problem_list(const std::vector<SideData>& sides) {
  constexpr size_t most = 10;
  std::string out;
  size_t count = 0;
  std::set<std::string> told;
  for (const auto& side : sides)
    for (const auto& run : side.runs)
      for (const auto& problem : run.problems)
        if (told.insert(problem).second && ++count <= most)
          out += fmt::format("<li>{}: {}</li>\n", escape_html(side.side), escape_html(problem));
  if (count > most) out += fmt::format("<li>and {} more</li>\n", count - most);
  return out.empty() ? out
                     : "<p class=\"note\">Not everything beside the records could be read:</p>\n<ul class=\"note\">" +
                           out + "</ul>\n";
}

std::string facts(const compare::ComparedConfig& config) {
  const auto known = [](std::string_view name, const std::optional<int64_t>& value) {
    return fmt::format("{} {}", name, value ? fmt::format("{}", *value) : "n/a");
  };
  auto out = fmt::format("<p class=\"facts\">{} · {} · {} · configuration <code>{}</code>", known("seed", config.seed),
                         known("nodes", config.nodes), known("parallelism", config.parallelism),
                         escape_html(config.config_hash.empty() ? "n/a" : config.config_hash));
  std::string simulated;
  for (const auto& side : config.sides)
    if (std::ranges::any_of(side.repetitions,
                            [](const auto* run) { return text(run->metadata({"clock"})) == "virtual"; }))
      simulated += (simulated.empty() ? "" : ", ") + side.side;
  if (!simulated.empty())
    out += fmt::format(" · <span class=\"tag\">simulated time</span> on {}: nothing here was measured on hardware",
                       escape_html(simulated));
  return out + "</p>\n";
}

std::string outputs(const compare::ComparedConfig& config) {
  if (!config.output_equal) return {};
  return *config.output_equal
             ? "<p>The outputs of the sides are equal, by their digests.</p>\n"
             : "<p class=\"bad\"><strong>The outputs of the sides differ</strong>, by their digests.</p>\n";
}

std::string side_problems(const compare::ComparedConfig& config) {
  std::string out;
  for (const auto& side : config.sides)
    for (const auto& problem : side.problems)
      out += fmt::format("<li><strong>{}</strong>: {}</li>\n", escape_html(side.side), escape_html(problem));
  return out.empty() ? out : "<ul class=\"bad\">" + out + "</ul>\n";
}

// Of the searches among the records: one for each folder.
std::vector<Frontier> frontiers_of(const Page& page) {
  std::set<std::filesystem::path> read;
  std::vector<Frontier> out;
  for (const auto& record : page.results.records) {
    if (!record.metadata({"search"}).is_object()) continue;
    // The figures of an experiment show what all of its searches found.
    if (out.size() >= most_detailed && record.metadata({"experiment"}).is_object()) continue;
    const auto folder = record.file.parent_path();
    if (!read.insert(folder).second) continue;
    if (auto found = read_run_data(folder); found.frontier.is_object())
      out.push_back({record.workload, record.side, page.colors.at(record.side), std::move(found.frontier)});
  }
  return out;
}

}  // namespace

std::string config_id(size_t index) { return fmt::format("c{}", index + 1); }

std::string config_title(const compare::ComparedConfig& config) {
  auto out = config.workload;
  if (!config.label.empty()) return out + ", " + config.label;
  if (config.nodes) out += fmt::format(", {} node{}", *config.nodes, *config.nodes == 1 ? "" : "s");
  return out;
}

std::string heading(std::string_view id, std::string_view title) {
  return fmt::format("<h2 id=\"{}\">{}</h2>\n", id, escape_html(title));
}

std::string charts_html(Page& page, std::string_view id_prefix, std::vector<Chart> charts) {
  if (charts.empty()) return {};
  std::string out = "<div class=\"charts\">\n";
  for (size_t i = 0; i < charts.size(); ++i) {
    auto& chart = charts[i];
    const auto id = fmt::format("{}-{}", id_prefix, i + 1);
    const auto rows = chart.spec.contains("labels") ? chart.spec["labels"].size() : 0;
    // Rows of horizontal bars need height; the style sheet has a class for every few.
    const bool sideways = chart.spec["kind"] == "spans" || chart.spec.contains("horizontal");
    // So does a legend of many lines.
    const auto lines =
        std::ranges::count_if(chart.spec["series"], [](const auto& of) { return !of.contains("quiet"); });
    const auto* height = !sideways ? (lines > 6 ? " tall" : "") : rows <= 8 ? "" : rows <= 16 ? " tall" : " taller";
    const auto label = fmt::format("Chart: {}. {}", chart.title, chart.caption);
    out += fmt::format(
        "<figure{0}><h3>{1}</h3><div class=\"plot{2}\"><canvas id=\"{3}\" role=\"img\" aria-label=\"{4}\"></canvas>"
        "</div><figcaption>{5}</figcaption></figure>\n",
        chart.wide ? " class=\"wide\"" : "", escape_html(chart.title), height, id, escape_html(label),
        escape_html(chart.caption));
    page.charts[id] = std::move(chart.spec);
  }
  return out + "</div>\n";
}

std::string config_part(Page& page, size_t index, bool with_charts) {
  const auto& config = page.comparison.configs[index];
  const auto id = config_id(index);
  const auto rows = metric_rows(config);
  std::vector<SideData> sides;
  for (const auto& side : config.sides) sides.push_back(side_data(page, side, with_charts));
  const auto hash = config.config_hash.empty()
                        ? std::string()
                        : fmt::format(" <code>{}</code>", escape_html(base::short_hash(config.config_hash)));
  auto out = fmt::format("<section class=\"config\" aria-labelledby=\"{}\">\n", id) +
             fmt::format("<h2 id=\"{}\">{}{}</h2>\n", id, escape_html(config_title(config)), hash) + facts(config) +
             side_problems(config) + outputs(config);
  if (with_charts) {
    std::vector<Chart> charts;
    for (auto of : {progress_charts(sides), latency_charts(sides), stage_charts(rows, sides), slo_charts(rows, sides),
                    request_charts(sides)})
      std::ranges::move(of, std::back_inserter(charts));
    out += charts_html(page, id, std::move(charts));
    const bool any_hlog = std::ranges::any_of(sides, [](const auto& side) {
      return std::ranges::any_of(side.runs, [](const auto& run) { return !run.latency.empty(); });
    });
    if (!any_hlog)
      out +=
          "<p class=\"note\">The distribution of latency is left out: there is no latency.hlog beside these "
          "records.</p>\n";
  }
  out += metric_tables(config, rows, page.comparison.margin) + stage_table(config, rows) + run_table(config) +
         node_table(config);
  if (with_charts) out += event_table(sides) + problem_list(sides);
  return out + overhead_table(config) + setup_lists(config) + "</section>\n";
}

std::string frontier_part(Page& page) {
  auto all = frontiers_of(page);
  if (all.empty()) return {};
  auto out = heading("frontier", "Scaling frontier");
  std::vector<std::string> workloads;
  for (const auto& frontier : all)
    if (std::ranges::find(workloads, frontier.workload) == workloads.end()) workloads.push_back(frontier.workload);
  for (size_t i = 0; i < workloads.size(); ++i) {
    std::vector<Frontier> of;
    std::ranges::copy_if(all, std::back_inserter(of), [&](const auto& f) { return f.workload == workloads[i]; });
    auto charts = frontier_charts(of);
    for (auto& chart : charts) chart.title = fmt::format("{}: {}", workloads[i], chart.title);
    out += charts_html(page, fmt::format("frontier{}", i + 1), std::move(charts));
  }
  return out;
}

}  // namespace host::report
