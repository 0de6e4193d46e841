// summary.md: verdict first, then what it rests on.
#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/number_text.hpp"
#include "compare/validity.hpp"
#include "report/artefact_texts.hpp"
#include "report/markdown.hpp"
#include "report/metric_rows.hpp"
#include "report/node_rows.hpp"
#include "report/verdict_rows.hpp"

namespace host::report {
namespace {

// A cell of a table: one line, and none of its characters is markup.
std::string cell(std::string_view text) { return markdown_text(text, std::string_view::npos); }

std::string row(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const auto& text : cells) out += " " + text + " |";
  return out + "\n";
}

std::string header(const std::vector<std::string>& cells) {
  return row(cells) + row(std::vector<std::string>(cells.size(), "---"));
}

std::string settings_text(const compare::ComparedConfig& config) {
  const auto number = [](const std::optional<int64_t>& value) { return value ? fmt::format("{}", *value) : "n/a"; };
  return fmt::format("{}{}seed {}, nodes {}, parallelism {}, config {}", config.label, config.label.empty() ? "" : "; ",
                     number(config.seed), number(config.nodes), number(config.parallelism),
                     config.config_hash.empty() ? "not given" : base::short_hash(config.config_hash));
}

std::string verdicts(const compare::Comparison& comparison) {
  auto out = header({"workload", "configuration", "candidate / baseline", "verdict", "why"});
  for (const auto& of : verdict_rows(comparison)) {
    const auto* verdict = compare::to_string(of.judgement.verdict);
    out += row({cell(of.config.workload), cell(settings_text(of.config)), cell(of.sides()),
                of.alone() ? verdict : fmt::format("**{}**", verdict), cell(of.judgement.reason)});
  }
  return out;
}

std::string median_text(const MetricRow* row, size_t side) {
  if (row == nullptr) return "n/a";
  if (row->sides[side].values.empty()) return cell(none_text(row->sides[side]));
  return base::measure_text(compare::median(row->sides[side].values), row->unit);
}

std::string per_backend(const compare::Comparison& comparison) {
  auto out = header({"workload", "config", "backend", "runs", "throughput (1/s)", "p50 (ms)", "p95 (ms)", "p99 (ms)",
                     "success rate", "remarks"});
  for (const auto& config : comparison.configs) {
    const auto rows = metric_rows(config);
    for (size_t i = 0; i < config.sides.size(); ++i) {
      const auto& side = config.sides[i];
      std::vector<std::string> cells = {cell(config.workload), cell(compare::config_name(config)), cell(side.side),
                                        fmt::format("{}", side.repetitions.size())};
      for (const auto* name : {"throughput", "latency_p50", "latency_p95", "latency_p99", "success_rate"})
        cells.push_back(median_text(find_row(rows, "total", name), i));
      std::string remarks;
      for (const auto& problem : side.problems) remarks += (remarks.empty() ? "" : "; ") + problem;
      cells.push_back(cell(remarks));
      out += row(cells);
    }
  }
  return out;
}

std::string median_text(const std::vector<double>& values) {
  return values.empty() ? "n/a" : fmt::format("{:.4g} ({})", compare::median(values), values.size());
}

std::string metric_table(const compare::ComparedConfig& config) {
  auto out = header({"scope", "metric", "candidate / baseline", "baseline (n)", "candidate (n)", "ratio [interval]",
                     "p", "delta", "verdict", "why"});
  for (const auto& m : config.metrics)
    out += row({cell(m.metric.scope), cell(fmt::format("{} ({})", m.metric.name, m.metric.unit)),
                cell(fmt::format("{} / {}", m.candidate, m.baseline)), median_text(m.baseline_values),
                median_text(m.candidate_values), cell(ratio_text(&m)),
                m.ranks ? fmt::format("{:.3g}", m.ranks->p_value) : "n/a",
                m.delta ? fmt::format("{:+.2f}", *m.delta) : "n/a", compare::to_string(m.verdict),
                m.verdict == compare::Verdict::invalid ? "see the verdict" : cell(m.reason)});
  return out;
}

// A side's nodes in one table; empty where all runs were on one.
std::string node_table(const compare::Comparison& comparison) {
  std::string rows;
  for (const auto& config : comparison.configs)
    for (const auto& node : node_rows(config))
      rows +=
          row({cell(config.workload), cell(compare::config_name(config)), cell(node.side), fmt::format("{}", node.node),
               cell(node_count_text(node.requests)), cell(node_share_text(node.share)),
               cell(node_value_text(node.busy_s)), cell(node_value_text(node.capacity)),
               node.idle == 0 ? "" : fmt::format("served nothing in {} of {} runs", node.idle, node.requests.size())});
  if (rows.empty()) return rows;
  return "\n## Per node\n\nOver all runs: median [least, greatest].\n\n" +
         header({"workload", "config", "backend", "node", "requests", "share", "busy (s)", "capacity", "remarks"}) +
         rows;
}

std::string mismatch_table(const compare::Comparison& comparison) {
  if (comparison.mismatches.empty()) return "None: every side was run under the same configurations.\n";
  auto out = header({"workload", "run_id", "field", "values"});
  for (const auto& mismatch : comparison.mismatches) {
    std::string values;
    for (const auto& [side, value] : mismatch.values)
      values += fmt::format("{}{}: {}", values.empty() ? "" : "; ", side, value);
    out += row({cell(mismatch.workload), cell(compare::where(mismatch)), cell(mismatch.field), cell(values)});
  }
  return out;
}

std::string problem_list(const compare::Comparison& comparison) {
  if (comparison.problems.empty()) return "None: every line was read.\n";
  std::string out;
  for (const auto& problem : comparison.problems)
    out += fmt::format(
        "* {}: {}\n",
        cell(problem.line == 0 ? problem.file.string() : fmt::format("{}:{}", problem.file.string(), problem.line)),
        cell(problem.text));
  return out;
}

}  // namespace

std::string summary_md(const compare::Comparison& comparison, const compare::ResultSet& results) {
  auto out = fmt::format(
      "# Comparison\n\n{} records, {} configurations; margin {:.4g} %, confidence {:.4g} %.\n\n## Verdict\n\n",
      results.records.size(), comparison.configs.size(), comparison.margin * 100, comparison.confidence * 100);
  out += verdicts(comparison) + "\n## Per backend\n\nMedians over the repetitions whose status is ok.\n\n";
  out += per_backend(comparison) + node_table(comparison) + "\n## Configuration mismatches\n\n";
  out += mismatch_table(comparison) + "\n## Problems with the input\n\n";
  out += problem_list(comparison);
  for (const auto& config : comparison.configs) {
    if (config.metrics.empty()) continue;
    out += fmt::format("\n## {}: {}\n\n", cell(config.workload), cell(settings_text(config)));
    if (config.output_equal)
      out += fmt::format("Outputs: {}.\n\n", *config.output_equal ? "equal, by their digests" : "**they differ**");
    out += metric_table(config);
  }
  out += fmt::format(
      "\n## What the figures are\n\n"
      "* A run is one repetition, and the repetition is the unit: percentiles are taken within a run, never over the "
      "pooled requests of several.\n"
      "* ratio: geometric mean of candidate / baseline, with a {:.4g} % confidence interval: bootstrap-t on the "
      "logarithms, with fewer than 5 repetitions Student's or Welch's. By pairs where both sides come from one paired "
      "run.\n"
      "* p: two-sided Mann-Whitney test; exact without ties. With 3 repetitions a side it cannot be below 0.1.\n"
      "* delta: Cliff's, P(candidate > baseline) - P(candidate < baseline), from -1 to 1.\n"
      "* better, worse: the whole interval lies beyond the margin, {:.4g} to {:.4g}; same: all of it lies within; "
      "inconclusive: neither, or fewer than 3 repetitions; invalid: a run failed, is invalid or was interrupted, "
      "clocks or outputs differ.\n"
      "* `sage-host explain METRIC` defines each metric.\n",
      comparison.confidence * 100, 1 / (1 + comparison.margin), 1 + comparison.margin);
  return out;
}

}  // namespace host::report
