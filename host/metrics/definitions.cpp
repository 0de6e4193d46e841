#include "metrics/definitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace host::metrics {
namespace {

constexpr std::array<std::string_view, 7> latency = {"p50", "p90", "p95", "p99", "p999", "max", "mean"};
constexpr std::array<std::string_view, 3> tokens = {"p50", "p95", "p99"};
constexpr std::array<std::string_view, 4> stage = {"p50", "p95", "p99", "mean"};
constexpr std::span<const std::string_view> alone = {};

constexpr std::string_view sets = "run, phase, class, tenant";
constexpr std::string_view run = "run";
constexpr std::string_view runs = "several runs";
constexpr std::string_view events = "control event";

constexpr std::array table = {
    MetricDefinition{"window_seconds", alone, "s", sets, "length of the measured window, or of a phase within it", "-"},
    MetricDefinition{"offered", alone, "count", sets, "requests due in the window", "-"},
    MetricDefinition{"outcomes", alone, "count", sets,
                     "how the offered requests ended: each as exactly one of ok, error, timeout, rejected, cancelled, "
                     "unfinished; their sum is `offered`",
                     "-"},
    MetricDefinition{"offered_rate", alone, "1/s", sets, "requests due in the window / window",
                     "Karimov et al., ICDE 2018"},
    MetricDefinition{"throughput", alone, "1/s", sets, "ok completions in the window / window",
                     "Karimov et al., ICDE 2018"},
    MetricDefinition{"goodput", alone, "1/s", sets, "(ok in the window and every SLO of its class met) / window",
                     "Zhong et al. (DistServe), OSDI 2024"},
    MetricDefinition{"success_rate", alone, "0..1", sets, "ok / offered", "-"},
    MetricDefinition{"slo_attainment", alone, "0..1", sets,
                     "(ok and every SLO of its class met) / offered; everything else is a miss", "arXiv 2410.14257"},
    MetricDefinition{"latency", latency, "ms", sets,
                     "response time, done - due, over ok requests due in the window. It counts from the intended "
                     "arrival, so waiting that a late or blocked generator caused is in it",
                     "wrk2, MLPerf LoadGen"},
    MetricDefinition{"service", tokens, "ms", sets, "done - sent, over ok requests", "-"},
    MetricDefinition{"dispatch", tokens, "ms", sets,
                     "sent - due, over all requests sent: how late the generator was, back-pressure included", "-"},
    MetricDefinition{"ttft", tokens, "ms", sets, "time to first token, first - due", "MLPerf LoadGen"},
    MetricDefinition{"ttft_service", tokens, "ms", sets, "time to first token without dispatch delay, first - sent",
                     "MLPerf LoadGen"},
    MetricDefinition{"tpot", tokens, "ms", sets,
                     "time per output token, (done - first) / (n - 1) of a request with n >= 2 tokens",
                     "MLPerf LoadGen, vLLM"},
    MetricDefinition{
        "itl", tokens, "ms", sets,
        "inter-token latency: pooled gaps between consecutive tokens; a chunk of k tokens counts k samples "
        "of gap/k",
        "vLLM"},
    MetricDefinition{"tokens_out", alone, "count", sets, "output tokens of ok requests", "-"},
    MetricDefinition{"lost", alone, "count", sets, "requests without a terminal outcome when the drain ended",
                     "Jepsen set checkers"},
    MetricDefinition{"wrong", alone, "count", sets, "ok requests whose result the workload refused",
                     "Jepsen set checkers"},
    MetricDefinition{"duplicated", alone, "count", run,
                     "second terminal outcomes of a request; any makes the run INVALID", "Jepsen set checkers"},
    MetricDefinition{"unexpected", alone, "count", run,
                     "outcomes of requests that were never issued; any makes the run INVALID", "Jepsen set checkers"},
    MetricDefinition{"bad_stamps", alone, "count", run,
                     "end times given by the backend that lay before the request was sent or in the future, and were "
                     "corrected; more than 0.1 % of the requests make the run INVALID",
                     "-"},
    MetricDefinition{"stage_wait", stage, "ms", "stage",
                     "queue and transfer before a step of this stage: begin - end of its latest predecessor (or sent)",
                     "-"},
    MetricDefinition{"stage_service", stage, "ms", "stage", "execution of a step of this stage: end - begin", "-"},
    MetricDefinition{"load_balance", alone, "0..1", run,
                     "Jain's index over nodes, (sum x)^2 / (n sum x^2) with x = work done / capacity; 1 = even",
                     "Jain et al. 1984"},
    MetricDefinition{"load_balance_sigma", alone, "0..1", run,
                     "1 - sigma/mu over nodes of work done / capacity, as the SAGE paper reports balance",
                     "SAGE paper"},
    MetricDefinition{"heterogeneous_efficiency", alone, "ratio", run,
                     "throughput / the most that could be asked of nodes of these speeds: the smaller of the offered "
                     "rate and the sum of capacities (speed times replicas) / mean work of a request. The capacity of "
                     "replicas that cannot serve a class counts too, so pools of their own stay below 1 when saturated",
                     "-"},
    MetricDefinition{"fairness", alone, "0..1", run, "Jain's index over tenants of throughput / demand",
                     "Jain et al. 1984"},
    MetricDefinition{"interference", tokens, "ratio", "tenant in a shared phase",
                     "a tenant's latency quantile in phase shared / the same in phase solo:<tenant>, on the same "
                     "schedule: null if its offered rates differ by more than half",
                     "-"},
    MetricDefinition{"stp", alone, "ratio", "run, shared phase",
                     "system throughput: sum over tenants of X_shared / X_solo, where X = throughput / offered rate; "
                     "n tenants that do not disturb each other give n",
                     "Eyerman and Eeckhout 2008"},
    MetricDefinition{"antt", alone, "ratio", "run, shared phase",
                     "average normalised turnaround time: mean over tenants of R_shared / R_solo, where R = mean "
                     "latency",
                     "Eyerman and Eeckhout 2008"},
    MetricDefinition{"isolation_index", alone, "0..1", "run, shared phase",
                     "least over tenants of (R_solo / R_shared) (S_shared / S_solo), where R = mean latency and S = "
                     "success rate; 1 = no tenant feels another. Over tenants whose load is that of their solo phase",
                     "-"},
    MetricDefinition{"capacity", alone, "1/s", runs,
                     "largest offered rate with slo_attainment >= p (default 0.90) held for the window",
                     "Zhong et al. (DistServe), OSDI 2024"},
    MetricDefinition{"scaling_efficiency", alone, "0..1", runs, "capacity(N) / (N capacity(1)) at equal SLO", "-"},
    MetricDefinition{"karp_flatt", alone, "0..1", runs,
                     "experimentally determined serial fraction, (1/S - 1/N) / (1 - 1/N) with S = capacity(N) / "
                     "capacity(1)",
                     "Karp and Flatt 1990"},
    MetricDefinition{"priority_inversion", alone, "1/s", run,
                     "how often a request begins while a more urgent one, sent before, waits for the same stage. At "
                     "the stage where requests begin, unless it is keyed",
                     "Sha et al. 1990"},
    MetricDefinition{"priority_inversion_wait", alone, "ms", run,
                     "waiting lost by an overtaken request, mean: from the first less urgent one that began while it "
                     "waited until it began itself",
                     "Sha et al. 1990"},
    MetricDefinition{
        "recovery_time", alone, "s", events,
        "from a fault (or change) to the start of the first hold window (10 s, or a twentieth of a run of less than "
        "200 s, at least 1 s; "
        "1 s under --quick) with goodput >= 95 % "
        "and p99 <= 110 % of the baseline before it; censored if never. Goodput is compared for the load offered; with "
        "few responses in a window the highest percentile that ten support takes the place of p99. Resolution: a tenth "
        "of the hold window",
        "Vogel et al., DEBS 2024"},
    MetricDefinition{
        "mttr", alone, "s", run,
        "mean recovery time over the faults that were recovered from, one below the resolution counted as the "
        "resolution; beside it, how many were not",
        "-"},
    MetricDefinition{"faults_censored", alone, "count", run,
                     "faults that were not seen to recover before the next event or the end of the run", "-"},
    MetricDefinition{
        "availability", alone, "0..1", run,
        "1 - (slices of the window with load and no ok) / (slices with load); a slice is a tenth of a hold window (see "
        "recovery_time) long",
        "Beyer et al., Site Reliability Engineering"},
    MetricDefinition{"availability_requests", alone, "0..1", run, "ok / offered",
                     "Beyer et al., Site Reliability Engineering"},
    MetricDefinition{"reconfiguration_time", alone, "s", events,
                     "from a reconfiguration's command to its effect confirmed by the backend", "-"},
    MetricDefinition{"reconfiguration_downtime", alone, "s", events,
                     "longest gap with offered load but no ok, from a reconfiguration's command until the service has "
                     "recovered; the gaps of undisturbed operation are its floor",
                     "Clark et al., NSDI 2005"},
    MetricDefinition{"downtime", alone, "s", events, "likewise from a fault until the service has recovered",
                     "Clark et al., NSDI 2005"},
    MetricDefinition{"goodput_deficit", alone, "requests", events,
                     "good requests missing from the event until recovery: max(0, baseline goodput for the load "
                     "offered - goodput), integrated net, so that the chance of arrivals cancels",
                     "Hoffmann et al. (Megaphone), VLDB 2019"},
    MetricDefinition{"failed_requests", alone, "count", events,
                     "requests that ended other than ok, from the event until its recovery was known", "-"},
    MetricDefinition{"memory_drift", alone, "MiB/h", run,
                     "slope of the backend's resident memory over the run (Theil-Sen); needs 8 points over 60 s",
                     "Theil 1950, Sen 1968"},
    MetricDefinition{"p99_drift", alone, "ms/h", run,
                     "slope of the latency p99 over slices of the run of 1000 ok requests or more (Theil-Sen); needs 8 "
                     "slices over 60 s",
                     "Theil 1950, Sen 1968"},
};

// "p99" of "latency_p99", empty when the name is the definition's own; absent when it is not of this definition.
std::optional<std::string_view> statistic_of(const MetricDefinition& definition, std::string_view name) {
  if (name == definition.name) return "";
  if (!name.starts_with(definition.name) || name.size() <= definition.name.size() + 1) return std::nullopt;
  if (name[definition.name.size()] != '_') return std::nullopt;
  const auto statistic = name.substr(definition.name.size() + 1);
  const auto& known = definition.statistics;
  if (std::find(known.begin(), known.end(), statistic) == known.end()) return std::nullopt;
  return statistic;
}

bool is_quantile(std::string_view statistic) { return statistic.starts_with('p'); }

}  // namespace

std::span<const MetricDefinition> metric_definitions() { return table; }

const MetricDefinition* find_metric(std::string_view name) {
  for (const auto& definition : table)
    if (statistic_of(definition, name)) return &definition;
  return nullptr;
}

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const auto& definition : table) {
    if (definition.statistics.empty()) names.emplace_back(definition.name);
    for (const auto& statistic : definition.statistics)
      names.push_back(fmt::format("{}_{}", definition.name, statistic));
  }
  return names;
}

std::optional<std::string> explain(std::string_view name) {
  const auto* found = find_metric(name);
  if (found == nullptr) return std::nullopt;
  auto text = fmt::format("{}  [{}]  of each: {}\n  {}.\n", name, found->unit, found->of, found->definition);
  const auto statistic = statistic_of(*found, name).value_or("");
  if (!found->statistics.empty()) {
    if (statistic.empty()) text += fmt::format("  Given as: {}.\n", fmt::join(found->statistics, ", "));
    if (statistic.empty() || is_quantile(statistic))
      text += "  A quantile q of n samples is null (n/a) unless n(1 - q) >= 10.\n";
  }
  if (found->source != "-") text += fmt::format("  Source: {}.\n", found->source);
  return text;
}

}  // namespace host::metrics
