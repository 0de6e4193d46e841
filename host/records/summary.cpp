#include "records/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <stdexcept>

#include "records/isolation.hpp"
#include "records/recovery.hpp"

namespace host::records {
namespace {

struct Statistic {
  std::string_view name;
  double q;  // a quantile; or one of these:
};
constexpr double q_max = 2;
constexpr double q_mean = 3;

constexpr std::array latency_statistics = {Statistic{"p50", 0.5},    Statistic{"p90", 0.9},    Statistic{"p95", 0.95},
                                           Statistic{"p99", 0.99},   Statistic{"p999", 0.999}, Statistic{"max", q_max},
                                           Statistic{"mean", q_mean}};
constexpr std::array token_statistics = {Statistic{"p50", 0.5}, Statistic{"p95", 0.95}, Statistic{"p99", 0.99}};
constexpr std::array stage_statistics = {Statistic{"p50", 0.5}, Statistic{"p95", 0.95}, Statistic{"p99", 0.99},
                                         Statistic{"mean", q_mean}};

struct Distribution {
  std::string_view metric;
  metrics::Histogram metrics::Counters::*of;
  std::string_view none;  // the reason when nothing was counted
  std::span<const Statistic> statistics;
};
const std::array distributions = {
    Distribution{"latency", &metrics::Counters::response, "no request ended ok", latency_statistics},
    Distribution{"service", &metrics::Counters::service, "no request ended ok", token_statistics},
    Distribution{"dispatch", &metrics::Counters::dispatch, "no request was sent", token_statistics},
    Distribution{"ttft", &metrics::Counters::ttft, "no request reported a first token", token_statistics},
    Distribution{"ttft_service", &metrics::Counters::ttft_service, "no request reported a first token",
                 token_statistics},
    Distribution{"tpot", &metrics::Counters::tpot, "no request reported two tokens or more", token_statistics},
    Distribution{"itl", &metrics::Counters::itl, "no request reported two tokens or more", token_statistics},
};

constexpr double ns_per_ms = 1e6;

void add_statistics(std::vector<metrics::Metric>& out, std::string_view metric, const metrics::Histogram& histogram,
                    std::string_view none, std::span<const Statistic> statistics) {
  for (const auto& statistic : statistics) {
    auto name = fmt::format("{}_{}", metric, statistic.name);
    if (histogram.empty()) {
      out.push_back(metrics::missing(std::move(name), std::string(none)));
    } else if (statistic.q == q_max) {
      out.push_back(metrics::measured(std::move(name), static_cast<double>(histogram.max()) / ns_per_ms));
    } else if (statistic.q == q_mean) {
      out.push_back(metrics::measured(std::move(name), histogram.mean() / ns_per_ms));
    } else if (const auto ns = metrics::quantile_ns(histogram, statistic.q)) {
      out.push_back(metrics::measured(std::move(name), *ns / ns_per_ms));
    } else {
      out.push_back(metrics::missing(
          std::move(name),
          fmt::format("needs {} samples, has {}", metrics::samples_needed(statistic.q), histogram.count())));
    }
  }
}

metrics::Metric rate(std::string name, uint64_t count, double window_s) {
  if (window_s <= 0) return metrics::missing(std::move(name), "the window has no length");
  return metrics::measured(std::move(name), static_cast<double>(count) / window_s);
}

metrics::Metric share(std::string name, uint64_t count, uint64_t offered) {
  if (offered == 0) return metrics::missing(std::move(name), "no request was offered");
  return metrics::measured(std::move(name), static_cast<double>(count) / static_cast<double>(offered));
}

void add_load_balance(std::vector<metrics::Metric>& out, const std::vector<NodeWork>& nodes) {
  std::string reason;
  std::vector<double> work;
  for (const auto& node : nodes) {
    if (node.capacity <= 0) reason = fmt::format("node {} reports no capacity", node.node);
    work.push_back(node.busy_s / node.capacity);
  }
  if (nodes.size() < 2)
    reason = fmt::format("needs two nodes or more, the backend reports {}", nodes.size());
  else if (reason.empty() && std::all_of(work.begin(), work.end(), [](double x) { return x <= 0; }))
    reason = "no node reports work";
  if (!reason.empty()) {
    out.push_back(metrics::missing("load_balance", reason));
    out.push_back(metrics::missing("load_balance_sigma", reason));
    return;
  }
  out.push_back(metrics::measured("load_balance", metrics::jain_index(work)));
  out.push_back(metrics::measured("load_balance_sigma", metrics::sigma_balance(work)));
}

// The most that the nodes could give is the sum of their capacities over the mean work of a request.
metrics::Metric heterogeneous_efficiency(const RunResult& result, const ScopeSummary& total) {
  constexpr auto name = "heterogeneous_efficiency";
  double work_s = 0;
  double capacity = 0;
  for (const auto& node : result.nodes) {
    work_s += node.busy_s;
    capacity += node.capacity;
  }
  const auto ok = result.ledger.outcomes[static_cast<size_t>(metrics::Outcome::ok)];
  const auto offered = total.value("offered_rate");
  const auto throughput = total.value("throughput");
  if (result.nodes.size() < 2)
    return metrics::missing(name, fmt::format("needs two nodes or more, the backend reports {}", result.nodes.size()));
  if (ok == 0 || work_s <= 0 || capacity <= 0) return metrics::missing(name, "no node reports work");
  if (!offered || !throughput || *offered <= 0) return metrics::missing(name, "no request was offered");
  const double nodes_rate = capacity * static_cast<double>(ok) / work_s;
  return metrics::measured(name, *throughput / std::min(*offered, nodes_rate));
}

double window_of(const RunResult& result, std::string_view phase) {
  for (const auto& window : result.phase_windows)
    if (window.name == phase) return window.seconds;
  return 0;
}

// Of the run: those of the first shared phase.
void add_isolation(std::vector<metrics::Metric>& out, const std::vector<SharedPhase>& phases) {
  for (const auto* name : {"stp", "antt", "isolation_index"}) {
    const auto has = [&](const metrics::Metric& metric) { return metric.name == name; };
    out.push_back(phases.empty() ? metrics::missing(name, "no phase is called 'shared' in which several tenants run")
                                 : *std::find_if(phases[0].metrics.begin(), phases[0].metrics.end(), has));
  }
}

StageSummary summarize(const StageTimes& stage) {
  StageSummary summary{stage.name, stage.service.count(), {}};
  add_statistics(summary.metrics, "stage_wait", stage.wait, "the backend reported no spans", stage_statistics);
  add_statistics(summary.metrics, "stage_service", stage.service, "the backend reported no spans", stage_statistics);
  return summary;
}

}  // namespace

const metrics::Metric& ScopeSummary::at(std::string_view name) const {
  for (const auto& metric : metrics)
    if (metric.name == name) return metric;
  throw std::out_of_range(fmt::format("metric '{}' is not part of a summary", name));
}

ScopeSummary summarize(const metrics::Counters& cell, double window_s) {
  ScopeSummary summary;
  summary.window_s = window_s;
  summary.offered = cell.offered;
  summary.outcomes = cell.outcomes;
  summary.wrong = cell.wrong;
  summary.units_out = cell.units_out;
  auto& metrics = summary.metrics;
  metrics.push_back(rate("offered_rate", cell.offered, window_s));
  metrics.push_back(rate("throughput", cell.ok_in_window, window_s));
  metrics.push_back(rate("goodput", cell.slo_in_window, window_s));
  metrics.push_back(share("success_rate", cell.outcomes[static_cast<size_t>(metrics::Outcome::ok)], cell.offered));
  metrics.push_back(share("slo_attainment", cell.slo_met, cell.offered));
  for (const auto& distribution : distributions)
    add_statistics(metrics, distribution.metric, cell.*distribution.of, distribution.none, distribution.statistics);
  return summary;
}

Summary summarize(const RunResult& result) {
  constexpr auto any = metrics::CounterTable::any;
  const metrics::CounterTable none({}, {}, {});
  const metrics::CounterTable& cells = result.cells ? *result.cells : none;
  Summary summary;
  summary.total = summarize(cells.sum(), result.window_s);
  for (size_t c = 0; c < cells.classes().size(); ++c) {
    summary.classes.push_back(summarize(cells.sum(any, c), result.window_s));
    summary.classes.back().class_name = cells.classes()[c];
  }
  for (size_t t = 0; t < cells.tenants().size(); ++t) {
    summary.tenants.push_back(summarize(cells.sum(any, any, t), result.window_s));
    summary.tenants.back().tenant = cells.tenants()[t];
  }
  for (size_t p = 0; p < cells.phases().size(); ++p) {
    const auto& phase = cells.phases()[p];
    summary.phases.push_back(summarize(cells.sum(p), window_of(result, phase)));
    summary.phases.back().phase = phase;
    if (cells.tenants().size() > 1)
      for (size_t t = 0; t < cells.tenants().size(); ++t) {
        summary.phase_tenants.push_back(summarize(cells.sum(p, any, t), window_of(result, phase)));
        summary.phase_tenants.back().phase = phase;
        summary.phase_tenants.back().tenant = cells.tenants()[t];
      }
    for (size_t c = 0; c < cells.classes().size(); ++c) {
      summary.phase_classes.push_back(summarize(cells.sum(p, c), window_of(result, phase)));
      summary.phase_classes.back().phase = phase;
      summary.phase_classes.back().class_name = cells.classes()[c];
    }
  }
  for (const auto& stage : result.stages) summary.stages.push_back(summarize(stage));
  add_load_balance(summary.run, result.nodes);
  std::vector<const ScopeSummary*> tenants;
  for (const auto& tenant : summary.tenants) tenants.push_back(&tenant);
  summary.run.push_back(fairness(tenants));
  summary.run.push_back(heterogeneous_efficiency(result, summary.total));
  summary.shared_phases = isolation(summary.phase_tenants);
  add_isolation(summary.run, summary.shared_phases);
  add_disturbances(summary, result.events);
  summary.run.push_back(share("availability_requests",
                              summary.total.outcomes[static_cast<size_t>(metrics::Outcome::ok)],
                              summary.total.offered));
  summary.run.insert(summary.run.end(), result.over_time.begin(), result.over_time.end());
  summary.duplicated = result.ledger.duplicate;
  summary.unexpected = result.ledger.unexpected;
  summary.bad_stamps = result.ledger.bad_stamps;
  return summary;
}

}  // namespace host::records
