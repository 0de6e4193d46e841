// The table of metrics. Its order is that of `explain`; ranks are an order of their own.
#include "metrics/definitions.hpp"

namespace host::metrics {
namespace {

constexpr std::array latency = {p50, p90, p95, p99, p999, largest, mean};
constexpr std::array tokens = {p50, p95, p99};
constexpr std::array stages = {p50, p95, p99, mean};

constexpr std::string_view sets = "run, phase, class, tenant";
constexpr std::string_view run = "run";
constexpr std::string_view shared = "run, shared phase";
constexpr std::string_view several = "several runs";
constexpr std::string_view events = "control event";

constexpr std::string_view no_window = "the window has no length";
constexpr std::string_view none_offered = "no request was offered";
constexpr std::string_view no_first_token = "no request reported a first token";
constexpr std::string_view no_tokens = "no request reported two tokens or more";
constexpr std::string_view no_work = "no node reports work";
constexpr std::string_view none_shared = "no phase is called 'shared' in which several tenants run";
constexpr std::string_view no_fault = "no fault was injected";
constexpr std::string_view no_event = "no event of this kind was carried out";

constexpr auto lower = Direction::lower;
constexpr auto higher = Direction::higher;

// clang-format off
constexpr std::array table = {
    MetricDefinition{.name = "window_seconds", .unit = "s", .of = sets,
     .formula = "length of the measured window, or of a phase within it"},
    MetricDefinition{.name = "offered", .unit = "count", .of = sets,
     .formula = "requests due in the window"},
    MetricDefinition{.name = "outcomes", .unit = "count", .of = sets,
     .formula = "how the offered requests ended: each as exactly one of ok, error, timeout, rejected, cancelled, "
     "unfinished; their sum is `offered`"},
    MetricDefinition{.name = "offered_rate", .unit = "1/s", .of = sets,
     .formula = "requests due in the window / window",
     .source = "Karimov et al., ICDE 2018", .reason = no_window},
    MetricDefinition{.name = "throughput", .unit = "1/s", .of = sets,
     .formula = "ok completions in the window / window",
     .source = "Karimov et al., ICDE 2018", .better = higher, .rank = 3, .compared = in_total | in_part,
     .reason = no_window},
    MetricDefinition{.name = "goodput", .unit = "1/s", .of = sets,
     .formula = "(ok in the window and every SLO of its class met) / window",
     .source = "Zhong et al. (DistServe), OSDI 2024", .better = higher, .rank = 4, .compared = in_total | in_part,
     .reason = no_window},
    MetricDefinition{.name = "success_rate", .unit = "0..1", .of = sets,
     .formula = "ok / offered",
     .better = higher, .rank = 5, .compared = in_total | in_part, .reason = none_offered},
    MetricDefinition{.name = "slo_attainment", .unit = "0..1", .of = sets,
     .formula = "(ok and every SLO of its class met) / offered; everything else is a miss",
     .source = "arXiv 2410.14257", .better = higher, .rank = 6, .compared = in_total | in_part, .reason = none_offered},
    MetricDefinition{.name = "latency", .statistics = latency, .unit = "ms", .of = sets,
     .formula = "response time, done - due, over ok requests due in the window. It counts from the intended arrival, "
     "so waiting that a late or blocked generator caused is in it",
     .source = "wrk2, MLPerf LoadGen", .better = lower, .rank = 7, .compared = in_total | in_part,
     .reason = "no request ended ok"},
    MetricDefinition{.name = "service", .statistics = tokens, .unit = "ms", .of = sets,
     .formula = "done - sent, over ok requests",
     .better = lower, .reason = "no request ended ok"},
    MetricDefinition{.name = "dispatch", .statistics = tokens, .unit = "ms", .of = sets,
     .formula = "sent - due, over all requests sent: how late the generator was, back-pressure included",
     .better = lower, .reason = "no request was sent"},
    MetricDefinition{.name = "ttft", .statistics = tokens, .unit = "ms", .of = sets,
     .formula = "time to first token, first - due",
     .source = "MLPerf LoadGen", .better = lower, .rank = 8, .compared = in_total, .reason = no_first_token},
    MetricDefinition{.name = "ttft_service", .statistics = tokens, .unit = "ms", .of = sets,
     .formula = "time to first token without dispatch delay, first - sent",
     .source = "MLPerf LoadGen", .better = lower, .reason = no_first_token},
    MetricDefinition{.name = "tpot", .statistics = tokens, .unit = "ms", .of = sets,
     .formula = "time per output token, (done - first) / (n - 1) of a request with n >= 2 tokens",
     .source = "MLPerf LoadGen, vLLM", .better = lower, .rank = 9, .compared = in_total, .reason = no_tokens},
    MetricDefinition{.name = "itl", .statistics = tokens, .unit = "ms", .of = sets,
     .formula = "inter-token latency: pooled gaps between consecutive tokens; a chunk of k tokens counts k samples "
     "of gap/k",
     .source = "vLLM", .better = lower, .reason = no_tokens},
    MetricDefinition{.name = "tokens_out", .unit = "count", .of = sets,
     .formula = "output tokens of ok requests"},
    MetricDefinition{.name = "lost", .unit = "count", .of = sets,
     .formula = "requests without a terminal outcome when the drain ended",
     .source = "Jepsen set checkers", .better = lower},
    MetricDefinition{.name = "wrong", .unit = "count", .of = sets,
     .formula = "ok requests whose result the workload refused",
     .source = "Jepsen set checkers", .better = lower},
    MetricDefinition{.name = "duplicated", .unit = "count", .of = run,
     .formula = "second terminal outcomes of a request; any makes the run INVALID",
     .source = "Jepsen set checkers", .better = lower},
    MetricDefinition{.name = "unexpected", .unit = "count", .of = run,
     .formula = "outcomes of requests that were never issued; any makes the run INVALID",
     .source = "Jepsen set checkers", .better = lower},
    MetricDefinition{.name = "bad_stamps", .unit = "count", .of = run,
     .formula = "times of ends, begins and chunks given by the backend that lay before the request was sent, out of "
     "their order or in the future, and were corrected; more than 0.1 % of the requests make the run INVALID",
     .better = lower},
    MetricDefinition{.name = "bad_spans", .unit = "count", .of = run,
     .formula = "executions of steps told by the backend that cannot have been (twice, before their inputs, in the "
     "future, of an unknown step or node), and were left out; more than 0.1 % of the requests make the run INVALID",
     .better = lower},
    MetricDefinition{.name = "stage_wait", .statistics = stages, .unit = "ms", .of = "stage",
     .formula = "queue and transfer before a step of this stage: begin - end of its latest predecessor (or sent)",
     .better = lower, .reason = "the backend reported no spans"},
    MetricDefinition{.name = "stage_service", .statistics = stages, .unit = "ms", .of = "stage",
     .formula = "execution of a step of this stage: end - begin",
     .better = lower, .reason = "the backend reported no spans"},
    MetricDefinition{.name = "load_balance", .unit = "0..1", .of = run,
     .formula = "Jain's index over nodes, (sum x)^2 / (n sum x^2) with x = work done / capacity; 1 = even",
     .source = "Jain et al. 1984", .better = higher, .rank = 12, .compared = in_total, .reason = no_work},
    MetricDefinition{.name = "load_balance_sigma", .unit = "ratio", .of = run,
     .formula = "1 - sigma/mu over nodes of work done / capacity, as the SAGE paper reports balance",
     .source = "SAGE paper", .better = higher, .reason = no_work},
    MetricDefinition{.name = "heterogeneous_efficiency", .unit = "ratio", .of = run,
     .formula = "throughput / the most that could be asked of nodes of these speeds: the smaller of the offered rate "
     "and the sum of capacities (speed times replicas) / mean work of a request. The capacity of replicas that "
     "cannot serve a class counts too, so pools of their own stay below 1 when saturated",
     .better = higher, .rank = 13, .compared = in_total, .reason = no_work},
    MetricDefinition{.name = "fairness", .unit = "0..1", .of = run,
     .formula = "Jain's index over tenants of throughput / demand",
     .source = "Jain et al. 1984", .better = higher, .rank = 14, .compared = in_total,
     .reason = "no request of any tenant ended ok in the window"},
    MetricDefinition{.name = "interference", .statistics = tokens, .unit = "ratio", .of = "tenant in a shared phase",
     .formula = "a tenant's latency quantile in phase shared / the same in phase solo:<tenant>, on the same "
     "schedule: null if its offered rates differ by more than half",
     .better = lower},
    MetricDefinition{.name = "stp", .unit = "ratio", .of = shared,
     .formula = "system throughput: sum over tenants of X_shared / X_solo, where X = throughput / offered rate; n "
     "tenants that do not disturb each other give n",
     .source = "Eyerman and Eeckhout 2008", .better = higher, .rank = 15, .compared = in_total, .label = "STP",
     .reason = none_shared},
    MetricDefinition{.name = "antt", .unit = "ratio", .of = shared,
     .formula = "average normalised turnaround time: mean over tenants of R_shared / R_solo, where R = mean latency",
     .source = "Eyerman and Eeckhout 2008", .better = lower, .rank = 16, .compared = in_total, .label = "ANTT",
     .reason = none_shared},
    MetricDefinition{.name = "isolation_index", .unit = "ratio", .of = shared,
     .formula = "least over tenants of (R_solo / R_shared) (S_shared / S_solo), where R = mean latency and S = "
     "success rate; 1 = no tenant feels another. Over tenants whose load is that of their solo phase",
     .better = higher, .rank = 17, .compared = in_total, .reason = none_shared},
    MetricDefinition{.name = "capacity", .unit = "1/s", .of = several,
     .formula = "largest offered rate with slo_attainment >= p (default 0.90) held for the window",
     .source = "Zhong et al. (DistServe), OSDI 2024", .better = higher, .rank = 1, .compared = in_total},
    MetricDefinition{.name = "scaling_efficiency", .unit = "ratio", .of = several,
     .formula = "capacity(N) / (N capacity(1)) at equal SLO",
     .better = higher, .rank = 2, .compared = in_total},
    MetricDefinition{.name = "karp_flatt", .unit = "ratio", .of = several,
     .formula = "experimentally determined serial fraction, (1/S - 1/N) / (1 - 1/N) with S = capacity(N) / "
     "capacity(1)",
     .source = "Karp and Flatt 1990", .better = lower},
    MetricDefinition{.name = "priority_inversion", .unit = "1/s", .of = run,
     .formula = "how often a request begins while a more urgent one, sent before, waits for the same stage. At the "
     "stage where requests begin, unless it is keyed",
     .source = "Sha et al. 1990", .better = lower, .rank = 18, .compared = in_total},
    MetricDefinition{.name = "priority_inversion_wait", .unit = "ms", .of = run,
     .formula = "waiting lost by an overtaken request, mean: from the first less urgent one that began while it "
     "waited until it began itself",
     .source = "Sha et al. 1990", .better = lower, .rank = 19, .compared = in_total,
     .reason = "no request was overtaken"},
    MetricDefinition{.name = "recovery_time", .unit = "s", .of = events,
     .formula = "from a fault (or change) to the start of the first hold window (10 s, or a twentieth of a run of "
     "less than 200 s, at least 1 s; 1 s under --quick) with goodput >= 95 % and p99 <= 110 % of the baseline before "
     "it; censored if never. Goodput is compared for the load offered; with few responses in a window the highest "
     "percentile that ten support takes the place of p99. Resolution: a tenth of the hold window",
     .source = "Vogel et al., DEBS 2024", .better = lower, .reason = no_event},
    MetricDefinition{.name = "mttr", .unit = "s", .of = run,
     .formula = "mean recovery time over the faults that the backend confirmed and that were recovered from, one below the resolution counted as the "
     "resolution; beside it, how many were not",
     .better = lower, .rank = 11, .compared = in_total | in_event, .label = "MTTR", .reason = no_fault},
    MetricDefinition{.name = "faults_censored", .unit = "count", .of = run,
     .formula = "faults that were not seen to recover before the next event or the end of the run",
     .better = lower, .reason = no_fault},
    MetricDefinition{.name = "availability", .unit = "0..1", .of = run,
     .formula = "1 - (slices of the window with load and no ok) / (slices with load); a slice is a tenth of a hold "
     "window (see recovery_time) long",
     .source = "Beyer et al., Site Reliability Engineering", .better = higher, .rank = 10, .compared = in_total},
    MetricDefinition{.name = "availability_requests", .unit = "0..1", .of = run,
     .formula = "ok / offered",
     .source = "Beyer et al., Site Reliability Engineering", .better = higher, .reason = none_offered},
    MetricDefinition{.name = "reconfiguration_time", .unit = "s", .of = events,
     .formula = "from a reconfiguration's command to its effect confirmed by the backend",
     .better = lower, .rank = 21, .compared = in_event, .reason = no_event},
    MetricDefinition{.name = "reconfiguration_downtime", .unit = "s", .of = events,
     .formula = "longest gap with offered load but no ok, from a reconfiguration's command until the service has "
     "recovered; the gaps of undisturbed operation are its floor",
     .source = "Clark et al., NSDI 2005", .better = lower, .rank = 22, .compared = in_event, .reason = no_event},
    MetricDefinition{.name = "downtime", .unit = "s", .of = events,
     .formula = "likewise from a fault until the service has recovered",
     .source = "Clark et al., NSDI 2005", .better = lower, .rank = 20, .compared = in_event, .reason = no_event},
    MetricDefinition{.name = "goodput_deficit", .unit = "requests", .of = events,
     .formula = "good requests missing from the event until recovery: max(0, baseline goodput for the load offered - "
     "goodput), integrated net, so that the chance of arrivals cancels",
     .source = "Hoffmann et al. (Megaphone), VLDB 2019", .better = lower, .rank = 23, .compared = in_event,
     .reason = no_event},
    MetricDefinition{.name = "failed_requests", .unit = "count", .of = events,
     .formula = "requests that ended other than ok, from the event until its recovery was known",
     .better = lower, .rank = 24, .compared = in_event, .reason = no_event},
    MetricDefinition{.name = "memory_drift", .unit = "MiB/h", .of = run,
     .formula = "slope of the backend's resident memory over the run (Theil-Sen); needs 8 points over 60 s",
     .source = "Theil 1950, Sen 1968", .rank = 25, .reason = "the backend does not report its memory"},
    MetricDefinition{.name = "p99_drift", .unit = "ms/h", .of = run,
     .formula = "slope of the latency p99 over slices of the run of 1000 ok requests or more (Theil-Sen); needs 8 "
     "slices over 60 s",
     .source = "Theil 1950, Sen 1968", .rank = 26},
};
// clang-format on

}  // namespace

std::span<const MetricDefinition> metric_definitions() { return table; }

}  // namespace host::metrics
