#include "writers/summary_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "base/json_fields.hpp"
#include "base/number_text.hpp"
#include "records/scoped_metrics.hpp"
#include "records/summary.hpp"
#include "writers/node_table.hpp"

namespace host::writers {
namespace {

using Rows = std::vector<std::vector<std::string>>;
using Metrics = std::span<const records::ScopedMetric>;

std::optional<double> value_of(Metrics metrics, std::string_view scope, std::string_view name) {
  const auto* found = records::find(metrics, scope, name);
  return found == nullptr ? std::nullopt : found->value;
}

std::string count_text(Metrics metrics, std::string_view scope, std::string_view name) {
  return fmt::format("{:.0f}", value_of(metrics, scope, name).value_or(0));
}

// "" where the metric has no place in the scope.
std::string value_text(Metrics metrics, std::string_view scope, std::string_view name) {
  const auto* found = records::find(metrics, scope, name);
  if (found == nullptr) return "";
  return found->value   ? fmt::format("{:.3g}", *found->value)
         : found->below ? fmt::format("< {:.3g}", *found->below)
                        : "n/a";
}

double other_failures(Metrics metrics, std::string_view scope) {
  double out = 0;
  for (const auto* name : {"outcomes.rejected", "outcomes.cancelled", "outcomes.unfinished"})
    out += value_of(metrics, scope, name).value_or(0);
  return out;
}

std::string header(const records::RunInfo& info, const records::RunResult& result) {
  auto text = fmt::format("{}\n{} x {}: {}, window {:.1f} s, seed {}, {} node{}, parallelism {}, scheduler {}\n",
                          info.run_id, info.workload, info.backend, records::to_string(result.status), result.window_s,
                          info.seed, info.nodes, info.nodes == 1 ? "" : "s", info.parallelism, info.scheduler);
  const auto* label = result.status == records::RunStatus::invalid ? "INVALID" : records::to_string(result.status);
  for (const auto& reason : result.reasons) text += fmt::format("{}: {}\n", label, reason);
  if (result.noise.is_object() && result.noise.value("noisy", false))
    text += fmt::format("noisy: {}\n", fmt::join(result.noise.at("reasons").get<std::vector<std::string>>(), "; "));
  if (const auto& limit = base::field(result.harness_share, "limit"); limit.is_string())
    text += fmt::format("limited by its driver: {}: the rate is that of one process\n", base::text(limit));
  return text;
}

// "label: a, b, c", continued on the next line where it would grow past 100 columns.
std::string wrapped_list(std::string_view label, const std::vector<std::string>& items) {
  constexpr size_t columns = 100;
  const std::string indent(label.size() + 1, ' ');
  auto text = fmt::format("{}:", label);
  size_t used = text.size();
  for (size_t i = 0; i < items.size(); ++i) {
    const auto item = i + 1 < items.size() ? items[i] + "," : items[i];
    if (i > 0 && used + 1 + item.size() > columns) {
      text += "\n" + indent;
      used = indent.size();
    }
    text += " " + item;
    used += 1 + item.size();
  }
  return text + "\n";
}

// Which columns the table has: a column that would hold nothing but zeros or n/a is left out.
struct Columns {
  bool ttft = false;
  bool other = false;
};

std::vector<std::string> row_of(std::string title, Metrics metrics, std::string_view scope, const Columns& columns) {
  const auto rate = [&](const char* name) {
    const auto value = value_of(metrics, scope, name);
    return value ? base::rate_text(*value) : "n/a";
  };
  const auto ms = [&](const char* name) { return base::ms_text(value_of(metrics, scope, name)); };
  std::vector<std::string> row = {std::move(title),     count_text(metrics, scope, "offered"),
                                  rate("offered_rate"), rate("throughput"),
                                  ms("latency_p50"),    ms("latency_p95"),
                                  ms("latency_p99")};
  if (columns.ttft) row.push_back(ms("ttft_p99"));
  row.push_back(base::share_text(value_of(metrics, scope, "slo_attainment")));
  row.push_back(count_text(metrics, scope, "outcomes.error"));
  row.push_back(count_text(metrics, scope, "outcomes.timeout"));
  if (columns.other) row.push_back(fmt::format("{:.0f}", other_failures(metrics, scope)));
  return row;
}

std::string request_table(const records::RunResult& result, Metrics metrics) {
  const metrics::CounterTable none({}, {}, {});
  const auto& cells = result.cells ? *result.cells : none;
  const Columns columns{!cells.sum().ttft.empty(), other_failures(metrics, "total") > 0};
  Rows rows = {{"", "offered", "offered/s", "ok/s", "p50 ms", "p95 ms", "p99 ms"}};
  if (columns.ttft) rows[0].emplace_back("ttft p99");
  rows[0].insert(rows[0].end(), {"SLO met", "error", "timeout"});
  if (columns.other) rows[0].emplace_back("other");
  rows.push_back(row_of("total", metrics, "total", columns));
  for (const auto& name : cells.classes()) rows.push_back(row_of("  " + name, metrics, "class:" + name, columns));
  if (cells.tenants().size() > 1)
    for (const auto& name : cells.tenants())
      rows.push_back(row_of("tenant " + name, metrics, "tenant:" + name, columns));
  if (cells.phases().size() > 1)
    for (const auto& phase : cells.phases()) {
      const auto scope = "phase:" + phase;
      if (value_of(metrics, scope, "offered") == 0 && value_of(metrics, scope, "window_seconds") <= 0.0)
        continue;  // over before the window began
      rows.push_back(row_of("phase " + phase, metrics, scope, columns));
      for (const auto& name : cells.classes())
        if (const auto part = fmt::format("{}/class:{}", scope, name);
            cells.classes().size() > 1 && value_of(metrics, part, "offered") > 0.0)
          rows.push_back(row_of("  " + name, metrics, part, columns));
    }
  return text_table(rows);
}

std::string stage_table(const records::RunResult& result, Metrics metrics) {
  if (result.stages.empty()) return "";
  Rows rows = {{"stage", "executions", "wait p50 ms", "wait p99 ms", "service p50 ms", "service p99 ms"}};
  for (const auto& stage : result.stages) {
    const auto scope = "stage:" + stage.name;
    rows.push_back({stage.name, count_text(metrics, scope, "executions")});
    for (const auto* name : {"stage_wait_p50", "stage_wait_p99", "stage_service_p50", "stage_service_p99"})
      rows.back().push_back(base::ms_text(value_of(metrics, scope, name)));
  }
  return "\n" + text_table(rows);
}

// How tenants fared together, beside alone.
std::string isolation_table(const records::Summary& summary, Metrics metrics) {
  if (summary.shared_phases.empty()) return "";
  Rows rows = {{"isolation", "STP", "ANTT", "isolation", "fairness", "interference p50", "p95", "p99"}};
  for (const auto& [phase, of_phase] : summary.shared_phases) {
    const auto scope = "phase:" + phase;
    rows.push_back({"phase " + phase});
    for (const auto* name : {"stp", "antt", "isolation_index", "fairness"})
      rows.back().push_back(value_text(metrics, scope, name));
    for (const auto& tenant : summary.tenants) {
      const auto part = fmt::format("{}/tenant:{}", scope, tenant.tenant);
      rows.push_back({"  " + tenant.tenant, "", "", "", ""});
      for (const auto* name : {"interference_p50", "interference_p95", "interference_p99"})
        rows.back().push_back(value_text(metrics, part, name));
    }
  }
  return "\n" + text_table(rows);
}

std::string disturbance_table(const records::Summary& summary, Metrics metrics) {
  if (summary.disturbances.empty()) return "";
  Rows rows = {
      {"disturbance", "events", "refused", "censored", "recovery s", "done in s", "silent max s", "deficit", "failed"}};
  for (const auto& of : summary.disturbances) {
    const bool fault = of.kind == "fault";
    const auto scope = "event:" + of.target;
    rows.push_back({of.kind + " " + of.target});
    for (const auto* name : {"events", "refused", "censored"}) rows.back().push_back(count_text(metrics, scope, name));
    for (const auto* name : {fault ? "mttr" : "recovery_time", "reconfiguration_time",
                             fault ? "downtime" : "reconfiguration_downtime", "goodput_deficit", "failed_requests"})
      rows.back().push_back(value_text(metrics, scope, name));
  }
  return "\n" + text_table(rows);
}

// The headline metrics of the run as a whole, by rank; what was not measured is in the record, with the reason.
std::string run_line(Metrics metrics) {
  std::vector<std::string> items;
  for (const auto& metric : metrics)
    if (metric.kind == metrics::in_total && metric.headline() && metric.definition->of == "run" &&
        (metric.value || metric.below))
      items.push_back(fmt::format("{} {}{:.4g}{}", metrics::label(*metric.definition), metric.value ? "" : "< ",
                                  metric.value ? *metric.value : *metric.below, base::unit_suffix(metric.unit())));
  return items.empty() ? "" : wrapped_list("run", items);
}

std::string ledger_line(const records::LedgerCounts& ledger) {
  std::string sum;
  for (size_t i = 0; i < metrics::outcome_count; ++i)
    if (ledger.outcomes[i] > 0 || i == 0)
      sum += fmt::format("{}{} {}", sum.empty() ? "" : " + ", ledger.outcomes[i],
                         metrics::to_string(static_cast<metrics::Outcome>(i)));
  auto text = fmt::format("ledger: {} offered{} {} {}; {} duplicate; {} unexpected", ledger.offered,
                          ledger.warmup > 0 ? fmt::format(" ({} warm-up)", ledger.warmup) : "",
                          ledger.balanced() ? "=" : "DIFFERS FROM", sum, ledger.duplicate, ledger.unexpected);
  if (ledger.bad_stamps > 0) text += fmt::format("; {} impossible time stamps corrected", ledger.bad_stamps);
  if (ledger.unknown > 0) text += fmt::format("; {} with an unknown status or flag", ledger.unknown);
  if (ledger.bad_spans > 0) text += fmt::format("; {} impossible spans left out", ledger.bad_spans);
  if (ledger.results_left_out > 0)
    text += fmt::format("; {} results too large to be judged by more than their digests", ledger.results_left_out);
  if (ledger.late_chunks > 0) text += fmt::format("; {} late chunks", ledger.late_chunks);
  if (ledger.late > 0) text += fmt::format("; {} late", ledger.late);
  if (ledger.log_dropped > 0) text += fmt::format("; {} rows missing from the request log", ledger.log_dropped);
  return text + "\n";
}

std::string generator_line(const records::RunResult& result) {
  if (result.lateness.empty())
    return result.ledger.offered == 0 ? "generator: sent nothing\n" : "generator: no schedule to keep\n";
  std::string text = "generator: late by";
  for (const auto& [name, q] : {std::pair{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}}) {
    const auto ns = metrics::quantile_ns(result.lateness, q);
    text += fmt::format("{} {} {}", q == 0.5 ? "" : ",", name, ns ? base::duration_text(*ns) : "n/a");
  }
  text += fmt::format("; budget of p99 {}", base::duration_text(static_cast<double>(result.lateness_budget_ns)));
  const auto p99 = metrics::quantile_ns(result.lateness, 0.99);
  if (p99 && *p99 > static_cast<double>(result.lateness_budget_ns)) text += " EXCEEDED";
  if (result.slot_wait_ns > 0)
    text += fmt::format("; waited for --max-in-flight for {}",
                        base::duration_text(static_cast<double>(result.slot_wait_ns)));
  if (result.blocked_ns > 0)
    text += fmt::format("; blocked by the backend for {}", base::duration_text(static_cast<double>(result.blocked_ns)));
  if (const auto& submit = result.submit; submit.blocking > 0)
    text += fmt::format("; {} calls of submit blocked, for {} at most", submit.blocking,
                        base::duration_text(static_cast<double>(submit.longest_ns)));
  if (const auto& early = result.early_drain)
    text += fmt::format("; drained with {} requests outstanding, waited {} for them", early->outstanding,
                        base::duration_text(static_cast<double>(early->waited_ns)));
  return text + "\n";
}

std::string failure_lines(const records::RunResult& result) {
  constexpr size_t shown_max = 3;
  std::string text;
  for (const auto& failure : std::span(result.failures).first(std::min(shown_max, result.failures.size())))
    text += fmt::format("failed {} time{}: {}\n", failure.count, failure.count == 1 ? "" : "s", failure.text);
  return text;
}

std::string verdict_line(const records::RunResult& result) {
  const auto& ledger = result.ledger;
  return fmt::format("verdict: {} ({} passed, {} wrong, {} unchecked)\n",
                     result.verdict.empty() ? "unchecked" : result.verdict, ledger.passed, ledger.wrong,
                     ledger.unchecked);
}

// The workload's own numbers and words, those that are 0 in one line; its lists and tables are in the record.
std::string report_table(const nlohmann::json& report) {
  Rows rows;
  std::vector<std::string> zeros;
  if (report.is_object())
    for (const auto& [key, value] : report.items()) {
      auto name = key;
      std::ranges::replace(name, '_', ' ');
      if (value.is_number() && value == 0)
        zeros.push_back(name);
      else if (value.is_boolean())
        rows.push_back({"  " + name, value.get<bool>() ? "yes" : "no"});
      else if (value.is_primitive() && !value.is_null())
        rows.push_back({"  " + name, value.is_string() ? value.get<std::string>() : value.dump()});
    }
  if (rows.empty() && zeros.empty()) return "";
  return "what the workload reports\n" + text_table(rows) + (zeros.empty() ? "" : wrapped_list("  0", zeros));
}

std::string parity_line(const records::ParityResult& parity) {
  if (!parity.reason.empty()) return fmt::format("output parity: not checked: {}\n", parity.reason);
  if (parity.checked == 0) return "";
  auto text = fmt::format("output parity: {}/{}", parity.equal, parity.checked);
  if (parity.not_checked > 0) text += fmt::format(" ({} more not checked: no time left)", parity.not_checked);
  if (!parity.differing.empty()) text += fmt::format("; DIFFERENT: seq {}", fmt::join(parity.differing, ", "));
  if (parity.unstable > 0)
    text +=
        fmt::format("; {} not the same in two serial executions: the workload is not deterministic", parity.unstable);
  if (parity.missing > 0) text += fmt::format("; {} without the digest that there should be", parity.missing);
  return text + "\n";
}

}  // namespace

std::string text_table(const Rows& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i)
      line += i == 0 ? fmt::format("{:<{}}", row[i], widths[i]) : fmt::format("  {:>{}}", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string summary_table(const records::RunInfo& info, const records::RunResult& result) {
  const auto summary = records::summarize(result);
  records::MetricList list;
  list.add(records::to_json(summary));
  const auto metrics = list.take();
  return header(info, result) + "\n" + request_table(result, metrics) + stage_table(result, metrics) +
         node_table(result) + isolation_table(summary, metrics) + disturbance_table(summary, metrics) + "\n" +
         run_line(metrics) + ledger_line(result.ledger) + generator_line(result) + failure_lines(result) +
         parity_line(result.parity) + verdict_line(result) + report_table(result.report);
}

void SummaryTable::finish(const records::RunInfo& info, const records::RunResult& result) {
  auto text = summary_table(info, result);
  std::vector<std::string> names;
  std::error_code ignored;  // a folder that cannot be read has no files to name
  for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored))
    if (entry.is_regular_file()) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  if (!names.empty()) text += fmt::format("folder: {}\n", folder_.string()) + wrapped_list("files", names);
  std::fputs(text.c_str(), out_);
  std::fflush(out_);
}

}  // namespace host::writers
