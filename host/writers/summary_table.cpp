#include "writers/summary_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/number_text.hpp"
#include "records/summary.hpp"

namespace host::writers {
namespace {

using Rows = std::vector<std::vector<std::string>>;

uint64_t count_of(const records::ScopeSummary& cell, metrics::Outcome outcome) {
  return cell.outcomes[static_cast<size_t>(outcome)];
}

uint64_t other_failures(const records::ScopeSummary& cell) {
  return count_of(cell, metrics::Outcome::rejected) + count_of(cell, metrics::Outcome::cancelled) +
         count_of(cell, metrics::Outcome::unfinished);
}

std::string header(const records::RunInfo& info, const records::RunResult& result) {
  auto text = fmt::format("{}\n{} x {}: {}, window {:.1f} s, seed {}, {} node{}, parallelism {}, scheduler {}\n",
                          info.run_id, info.workload, info.backend, records::to_string(result.status), result.window_s,
                          info.seed, info.nodes, info.nodes == 1 ? "" : "s", info.parallelism, info.scheduler);
  const auto* label = result.status == records::RunStatus::invalid ? "INVALID" : records::to_string(result.status);
  for (const auto& reason : result.reasons) text += fmt::format("{}: {}\n", label, reason);
  if (result.noise.is_object() && result.noise.value("noisy", false))
    text += fmt::format("noisy: {}\n", fmt::join(result.noise.at("reasons").get<std::vector<std::string>>(), "; "));
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

std::vector<std::string> row_of(const std::string& name, const records::ScopeSummary& cell, const Columns& columns) {
  const auto rate = [&](const char* metric) {
    const auto value = cell.value(metric);
    return value ? base::rate_text(*value) : "n/a";
  };
  std::vector<std::string> row = {name,
                                  fmt::format("{}", cell.offered),
                                  rate("offered_rate"),
                                  rate("throughput"),
                                  base::ms_text(cell.value("latency_p50")),
                                  base::ms_text(cell.value("latency_p95")),
                                  base::ms_text(cell.value("latency_p99"))};
  if (columns.ttft) row.push_back(base::ms_text(cell.value("ttft_p99")));
  row.push_back(base::share_text(cell.value("slo_attainment")));
  row.push_back(fmt::format("{}", count_of(cell, metrics::Outcome::error)));
  row.push_back(fmt::format("{}", count_of(cell, metrics::Outcome::timeout)));
  if (columns.other) row.push_back(fmt::format("{}", other_failures(cell)));
  return row;
}

std::string request_table(const records::Summary& summary, bool any_ttft) {
  const Columns columns{any_ttft, other_failures(summary.total) > 0};
  Rows rows = {{"", "offered", "offered/s", "ok/s", "p50 ms", "p95 ms", "p99 ms"}};
  if (columns.ttft) rows[0].emplace_back("ttft p99");
  rows[0].insert(rows[0].end(), {"SLO met", "error", "timeout"});
  if (columns.other) rows[0].emplace_back("other");
  rows.push_back(row_of("total", summary.total, columns));
  for (const auto& cell : summary.classes) rows.push_back(row_of("  " + cell.class_name, cell, columns));
  if (summary.tenants.size() > 1)
    for (const auto& cell : summary.tenants) rows.push_back(row_of("tenant " + cell.tenant, cell, columns));
  if (summary.phases.size() > 1)
    for (const auto& phase : summary.phases) {
      if (phase.offered == 0 && phase.window_s <= 0) continue;  // over before the window began
      rows.push_back(row_of("phase " + phase.phase, phase, columns));
      for (const auto& cell : summary.phase_classes)
        if (cell.phase == phase.phase && cell.offered > 0 && summary.classes.size() > 1)
          rows.push_back(row_of("  " + cell.class_name, cell, columns));
    }
  return text_table(rows);
}

std::string stage_table(const records::Summary& summary) {
  if (summary.stages.empty()) return "";
  Rows rows = {{"stage", "executions", "wait p50 ms", "wait p99 ms", "service p50 ms", "service p99 ms"}};
  for (const auto& stage : summary.stages) {
    std::vector<std::string> row = {stage.name, fmt::format("{}", stage.executions)};
    for (const auto* wanted : {"stage_wait_p50", "stage_wait_p99", "stage_service_p50", "stage_service_p99"})
      for (const auto& metric : stage.metrics)
        if (metric.name == wanted) row.push_back(base::ms_text(metric.value));
    rows.push_back(std::move(row));
  }
  return "\n" + text_table(rows);
}

std::string value_text(const std::vector<metrics::Metric>& metrics, std::string_view name) {
  for (const auto& metric : metrics)
    if (metric.name == name)
      return metric.value   ? fmt::format("{:.3g}", *metric.value)
             : metric.below ? fmt::format("< {:.3g}", *metric.below)
                            : "n/a";
  return "";
}

// How tenants fared together, beside alone.
std::string isolation_table(const records::Summary& summary) {
  if (summary.shared_phases.empty()) return "";
  Rows rows = {{"isolation", "STP", "ANTT", "isolation", "fairness", "interference p50", "p95", "p99"}};
  for (const auto& phase : summary.shared_phases) {
    rows.push_back({"phase " + phase.phase});
    for (const auto* name : {"stp", "antt", "isolation_index", "fairness"})
      rows.back().push_back(value_text(phase.metrics, name));
    for (const auto& tenant : summary.phase_tenants)
      if (tenant.phase == phase.phase)
        rows.push_back({"  " + tenant.tenant, "", "", "", "", value_text(tenant.metrics, "interference_p50"),
                        value_text(tenant.metrics, "interference_p95"),
                        value_text(tenant.metrics, "interference_p99")});
  }
  return "\n" + text_table(rows);
}

std::string disturbance_table(const records::Summary& summary) {
  if (summary.disturbances.empty()) return "";
  Rows rows = {
      {"disturbance", "events", "refused", "censored", "recovery s", "done in s", "silent max s", "deficit", "failed"}};
  for (const auto& of : summary.disturbances) {
    const bool fault = of.kind == "fault";
    rows.push_back({of.kind + " " + of.target, fmt::format("{}", of.events), fmt::format("{}", of.refused),
                    fmt::format("{}", of.censored), value_text(of.metrics, fault ? "mttr" : "recovery_time"),
                    value_text(of.metrics, "reconfiguration_time"),
                    value_text(of.metrics, fault ? "downtime" : "reconfiguration_downtime"),
                    value_text(of.metrics, "goodput_deficit"), value_text(of.metrics, "failed_requests")});
  }
  return "\n" + text_table(rows);
}

// What was measured of the run as a whole; what was not is in the record, with the reason.
std::string run_line(const records::Summary& summary) {
  struct Shown {
    const char* metric;
    const char* label;
    const char* unit;
  };
  static constexpr std::array shown = {Shown{"availability", "availability", ""},
                                       Shown{"mttr", "MTTR", " s"},
                                       Shown{"load_balance", "load balance", ""},
                                       Shown{"fairness", "fairness", ""},
                                       Shown{"priority_inversion", "priority inversions", "/s"},
                                       Shown{"priority_inversion_wait", "each costing", " ms"},
                                       Shown{"memory_drift", "memory drift", " MiB/h"},
                                       Shown{"p99_drift", "p99 drift", " ms/h"}};
  std::vector<std::string> items;
  for (const auto& [name, label, unit] : shown)
    for (const auto& metric : summary.run)
      if (metric.name == name && (metric.value || metric.below))
        items.push_back(fmt::format("{} {}{:.4g}{}", label, metric.below ? "< " : "",
                                    metric.value ? *metric.value : *metric.below, unit));
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
  if (ledger.late > 0) text += fmt::format("; {} late", ledger.late);
  if (ledger.log_dropped > 0) text += fmt::format("; {} rows missing from the request log", ledger.log_dropped);
  return text + "\n";
}

std::string generator_line(const records::RunResult& result) {
  if (result.lateness.empty()) return "generator: sent nothing\n";
  std::string text = "generator: late by";
  for (const auto& [name, q] : {std::pair{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}}) {
    const auto ns = metrics::quantile_ns(result.lateness, q);
    text += fmt::format("{} {} {}", q == 0.5 ? "" : ",", name, ns ? base::duration_text(*ns) : "n/a");
  }
  text += fmt::format("; budget of p99 {}", base::duration_text(static_cast<double>(result.lateness_budget_ns)));
  const auto p99 = metrics::quantile_ns(result.lateness, 0.99);
  if (p99 && *p99 > static_cast<double>(result.lateness_budget_ns)) text += " EXCEEDED";
  if (result.blocked_ns > 0)
    text += fmt::format("; blocked by the backend for {}", base::duration_text(static_cast<double>(result.blocked_ns)));
  return text + "\n";
}

std::string verdict_line(const records::RunResult& result) {
  const auto& ledger = result.ledger;
  auto text =
      fmt::format("verdict: {} ({} passed, {} wrong, {} unchecked)\n",
                  result.verdict.empty() ? "unchecked" : result.verdict, ledger.passed, ledger.wrong, ledger.unchecked);
  std::vector<std::string> essentials;  // the report's own numbers and words; its lists and tables are in the record
  if (result.report.is_object())
    for (const auto& [key, value] : result.report.items())
      if (value.is_primitive() && !value.is_null())
        essentials.push_back(fmt::format("{} {}", key, value.is_string() ? value.get<std::string>() : value.dump()));
  if (!essentials.empty()) text += wrapped_list("report", essentials);
  return text;
}

std::string parity_line(const records::ParityResult& parity) {
  if (parity.checked == 0) return "";
  auto text = fmt::format("output parity: {}/{}", parity.equal, parity.checked);
  if (parity.not_checked > 0) text += fmt::format(" ({} more not checked: no time left)", parity.not_checked);
  if (!parity.differing.empty()) text += fmt::format("; DIFFERENT: seq {}", fmt::join(parity.differing, ", "));
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
  const bool any_ttft = result.cells && !result.cells->sum().ttft.empty();
  return header(info, result) + "\n" + request_table(summary, any_ttft) + stage_table(summary) +
         isolation_table(summary) + disturbance_table(summary) + "\n" + run_line(summary) + ledger_line(result.ledger) +
         generator_line(result) + parity_line(result.parity) + verdict_line(result);
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
