#include "records/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <stdexcept>

#include "metrics/definitions.hpp"
#include "records/isolation.hpp"
#include "records/recovery.hpp"

namespace host::records {
namespace {

// Which histogram a family of metrics is of; the table of metrics has the rest.
struct Distribution {
  std::string_view metric;
  metrics::Histogram metrics::Counters::*of;
};
constexpr std::array distributions = {
    Distribution{"latency", &metrics::Counters::response},
    Distribution{"service", &metrics::Counters::service},
    Distribution{"dispatch", &metrics::Counters::dispatch},
    Distribution{"ttft", &metrics::Counters::ttft},
    Distribution{"ttft_service", &metrics::Counters::ttft_service},
    Distribution{"tpot", &metrics::Counters::tpot},
    Distribution{"itl", &metrics::Counters::itl},
};

constexpr double ns_per_ms = 1e6;

metrics::Metric statistic_of(std::string name, const metrics::Histogram& histogram,
                             const metrics::Statistic& statistic) {
  if (histogram.empty()) return metrics::not_counted(std::move(name));
  if (statistic.q == metrics::q_max)
    return metrics::measured(std::move(name), static_cast<double>(histogram.max()) / ns_per_ms);
  if (statistic.q == metrics::q_mean) return metrics::measured(std::move(name), histogram.mean() / ns_per_ms);
  if (const auto ns = metrics::quantile_ns(histogram, statistic.q))
    return metrics::measured(std::move(name), *ns / ns_per_ms);
  return metrics::missing(std::move(name), fmt::format("needs {} samples, has {}", metrics::samples_needed(statistic.q),
                                                       histogram.count()));
}

void add_statistics(std::vector<metrics::Metric>& out, std::string_view family, const metrics::Histogram& histogram) {
  for (const auto& statistic : metrics::find_metric(family)->statistics)
    out.push_back(statistic_of(fmt::format("{}_{}", family, statistic.name), histogram, statistic));
}

metrics::Metric rate(std::string name, uint64_t count, double window_s) {
  if (window_s <= 0) return metrics::not_counted(std::move(name));
  return metrics::measured(std::move(name), static_cast<double>(count) / window_s);
}

// Of ok requests that ended in the window. One that is short beside the time its requests take holds few of them or
// none, and the more requests are asked for the more: that says nothing of the system.
metrics::Metric throughput(std::string name, uint64_t ended, const metrics::Counters& cell, double window_s) {
  constexpr uint64_t few = 10;
  constexpr double short_share = 0.05;  // of the window, for the fastest request
  const auto ok = cell.outcomes[static_cast<size_t>(metrics::Outcome::ok)];
  const auto after = ok - std::min(ok, cell.ok_in_window);
  const auto fastest_s = static_cast<double>(cell.service.min()) / 1e9;
  if (after > 0 && (cell.ok_in_window < few || fastest_s > short_share * window_s))
    return metrics::missing(
        std::move(name),
        fmt::format(
            "{} of {} ok requests ended after the window of {:.3g} s, too short for requests that take {:.3g} s "
            "or more: ask for more requests, or a longer time",
            after, ok, window_s, fastest_s));
  return rate(std::move(name), ended, window_s);
}

metrics::Metric share(std::string name, uint64_t count, uint64_t offered) {
  if (offered == 0) return metrics::not_counted(std::move(name));
  return metrics::measured(std::move(name), static_cast<double>(count) / static_cast<double>(offered));
}

void add_load_balance(std::vector<metrics::Metric>& out, const std::vector<NodeWork>& nodes) {
  std::string reason;
  std::vector<double> work;
  for (const auto& node : nodes) {
    if (!node.busy_s) continue;
    if (node.capacity.value_or(0) <= 0) reason = fmt::format("node {} reports no capacity", node.node);
    work.push_back(*node.busy_s / node.capacity.value_or(0));
  }
  if (work.size() < 2)
    reason = fmt::format("needs two nodes or more, the backend reports {}", work.size());
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
  size_t reported = 0;
  for (const auto& node : result.nodes) {
    work_s += node.busy_s.value_or(0);
    capacity += node.capacity.value_or(0);
    reported += node.busy_s ? 1 : 0;
  }
  const auto ok = result.ledger.outcomes[static_cast<size_t>(metrics::Outcome::ok)];
  const auto offered = total.value("offered_rate");
  const auto throughput = total.value("throughput");
  if (reported < 2)
    return metrics::missing(name, fmt::format("needs two nodes or more, the backend reports {}", reported));
  if (ok == 0 || work_s <= 0 || capacity <= 0) return metrics::not_counted(name);
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
    out.push_back(phases.empty() ? metrics::not_counted(name)
                                 : *std::find_if(phases[0].metrics.begin(), phases[0].metrics.end(), has));
  }
}

StageSummary summarize(const StageTimes& stage) {
  StageSummary summary{stage.name, stage.service.count(), {}};
  add_statistics(summary.metrics, "stage_wait", stage.wait);
  add_statistics(summary.metrics, "stage_service", stage.service);
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
  metrics.push_back(throughput("throughput", cell.ok_in_window, cell, window_s));
  metrics.push_back(throughput("goodput", cell.slo_in_window, cell, window_s));
  metrics.push_back(share("success_rate", cell.outcomes[static_cast<size_t>(metrics::Outcome::ok)], cell.offered));
  metrics.push_back(share("slo_attainment", cell.slo_met, cell.offered));
  for (const auto& distribution : distributions) add_statistics(metrics, distribution.metric, cell.*distribution.of);
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
  summary.bad_spans = result.ledger.bad_spans;
  return summary;
}

}  // namespace host::records
