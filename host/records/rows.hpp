// What a run tells its writers, in the order it happens: one RunInfo, then intervals, events and requests, then the
// result.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "metrics/counters.hpp"
#include "metrics/metric.hpp"

namespace host::records {

// Known before the first request.
struct RunInfo {
  std::string run_id;
  std::string workload;  // id as in the contract: "Q6"
  std::string backend;   // "threads"
  uint64_t seed = 0;
  uint32_t nodes = 1;
  uint32_t parallelism = 1;
  std::string scheduler;
  bool quick = false;
  std::string clock;      // "monotonic" | "virtual"
  nlohmann::json config;  // what config_hash is made of: no backend, output folder or verbosity
  std::string config_hash;
  std::string backend_hash;
  nlohmann::json backend_config;  // options of the backend
  nlohmann::json environment;     // system profile, component versions, plugin SHA-256
  nlohmann::json pair;            // its place in a paired run; null = of none
  nlohmann::json experiment;      // its side and point in an experiment; null = of none
  std::vector<std::string> classes;
  std::vector<std::string> tenants;
  std::vector<std::string> phases;  // known so far; more may be opened by MARK events
  std::string started_at;           // ISO-8601 UTC
  uint64_t expected_requests = 0;   // of the measured window; 0 = bounded by time
  double expected_duration_s = 0;   // 0 = bounded by count
};

// One second (by default) of the run, on the run's clock; times are seconds from the start of the schedule.
struct Interval {
  struct ClassRow {
    std::string name;
    uint64_t offered = 0;
    uint64_t ok = 0;
    uint64_t failed = 0;  // every other outcome
    uint64_t slo_met = 0;
    metrics::Histogram response;  // ns, of the interval
  };
  double begin_s = 0;
  double end_s = 0;
  std::string phase;
  bool warmup = false;
  uint64_t offered = 0;
  std::array<uint64_t, metrics::outcome_count> outcomes{};
  uint64_t in_flight = 0;
  uint64_t blocked_ns = 0;      // the backend refused rows (back-pressure)
  metrics::Histogram response;  // ns, ok requests that ended in the interval
  int64_t lateness_p99_ns = 0;  // of the generator; -1 = nothing was sent
  std::vector<ClassRow> classes;
  uint64_t resident_bytes = 0;  // of the backend; 0 = not known
  // Of all CPU time: stolen by the hypervisor, used by processes that are not this run's (see engine/noise.hpp).
  std::optional<double> steal_share;
  std::optional<double> other_cpu_share;
  bool noisy = false;  // too much of either
  // Progress of the whole run, for the terminal.
  uint64_t total_offered = 0;
  uint64_t total_done = 0;
};

struct EventRecord {
  uint64_t id = 0;
  std::string kind;  // mark | fault | heal | reconfigure
  std::string target;
  nlohmann::json args;
  double due_s = 0;
  double issued_s = 0;
  std::optional<double> confirmed_s;  // set when the backend reported its effect
  uint32_t confirmations = 0;         // how often it did; more than once is a fault of its
  std::string status;                 // issued | done | failed
  std::string text;
  // Of a fault or a reconfiguration, when the run is over (see metrics/disturbances.hpp).
  std::vector<metrics::Metric> metrics;
  bool censored = false;  // it was not seen to recover
};

// One finished request: 64 bytes, made by the collector of what the completing thread left for it
// (engine/row_ring.hpp). Times in ns from the start of the schedule.
struct RequestRow {
  uint64_t seq = 0;
  int64_t due_ns = 0;
  int64_t sent_ns = 0;
  int64_t begun_ns = -1;  // -1 = not known
  int64_t first_ns = -1;  // -1 = no chunk
  int64_t done_ns = 0;
  uint64_t digest = 0;
  uint8_t class_id = 0;
  uint8_t tenant = 0;
  uint8_t phase = 0;
  uint8_t outcome = 0;
  uint16_t node = 0;
  uint16_t units = 0;  // output tokens; 65535 = that many or more
};
static_assert(sizeof(RequestRow) == 64);

// One of the requests that the record shows step by step.
struct SampledRequest {
  struct Step {
    uint16_t stage = 0;
    uint32_t node = 0;
    int64_t begin_ns = 0;
    int64_t end_ns = 0;
  };
  RequestRow row;
  std::array<Step, 32> steps{};  // in order of their begin; the first ones where a request has more
  size_t n_steps = 0;            // none where the backend does not tell
};

struct LedgerCounts {
  uint64_t offered = 0;  // warm-up included
  uint64_t warmup = 0;
  std::array<uint64_t, metrics::outcome_count> outcomes{};  // warm-up included
  uint64_t duplicate = 0;
  uint64_t unexpected = 0;
  uint64_t late = 0;  // terminal outcomes that came after the host had given the request up as a timeout
  uint64_t wrong = 0;
  uint64_t unchecked = 0;  // settled without a verdict
  uint64_t passed = 0;
  uint64_t late_chunks = 0;       // chunks of requests that had ended
  uint64_t bad_stamps = 0;        // ends, begins and chunks that cannot have been then, which the host corrected
  uint64_t unknown = 0;           // ends and chunks with a status or a flag that the ABI does not define
  uint64_t bad_spans = 0;         // executions of steps that cannot have been, which the host left out
  uint64_t log_dropped = 0;       // rows that found their way to the collector full: not logged, nor judged
  uint64_t results_left_out = 0;  // larger than the host passes on: judged by their digests alone
  [[nodiscard]] bool balanced() const;
};

// How long the backend kept the feed in `submit`, which must not block; calls of more than 1 ms did.
struct SubmitCalls {
  static constexpr int64_t blocking_from_ns = 1'000'000;
  int64_t longest_ns = -1;  // -1 = none was made in real time
  int64_t longest_at_ns = 0;
  uint64_t blocking = 0;
  int64_t blocking_ns = 0;  // in all of these
};

// The backend said that it was drained while requests were outstanding.
struct EarlyDrain {
  int64_t at_ns = 0;
  uint64_t outstanding = 0;
  int64_t waited_ns = 0;  // until they had ended, or the drain timeout
};

struct StageTimes {
  std::string name;
  metrics::Histogram wait;     // queue and transfer: begin - end of the latest predecessor (or sent)
  metrics::Histogram service;  // end - begin
};

// busy_s and capacity are the backend's own, and cover the whole run; the rest is of measured requests, as spans and
// completions tell.
struct NodeWork {
  uint32_t node = 0;
  std::optional<double> busy_s = std::nullopt;
  std::optional<double> capacity = std::nullopt;
  uint64_t requests = 0;                       // of which it executed a step
  std::optional<double> share = std::nullopt;  // of those of all nodes; none if there are none
  // Of a clock of its own: what was added to its stamps, and by how much they may still be wrong.
  std::optional<double> clock_offset_s = std::nullopt;
  std::optional<double> clock_error_s = std::nullopt;
};

struct SeriesSummary {
  std::string name;
  std::string unit;
  uint64_t count = 0;       // finite samples, of which the values below are; 0 = there are none
  uint64_t not_finite = 0;  // NaN and infinities
  double mean = 0;
  double min = 0;
  double max = 0;
  double last = 0;
};

// What plugins said of failures, an operator's exceptions say.
struct FailureText {
  std::string text;
  uint64_t count = 0;
};

enum class RunStatus { ok, failed, invalid, interrupted };
const char* to_string(RunStatus status);

// What a serial execution in the host's process gave, against what the backend gave.
struct ParityResult {
  uint64_t checked = 0;  // 0: nothing was to be checked, or `reason`
  uint64_t equal = 0;
  uint64_t missing = 0;             // of those that are not: ok, but without the digest that there should be
  uint64_t none_expected = 0;       // of those that are not: the workload's own operators gave no digest
  uint64_t unstable = 0;            // differ between two serial executions: the workload is not deterministic
  uint64_t not_checked = 0;         // within the limit, but no time was left
  std::vector<uint64_t> differing;  // seqs, the first few
  std::string reason;               // why nothing was checked, if that is what the backend or the workload says
};

struct PhaseWindow {
  std::string name;
  double seconds = 0;  // total, over all its stretches
};

// The whole result; writers derive every file from it.
struct RunResult {
  RunStatus status = RunStatus::ok;
  std::vector<std::string> reasons;  // one a line: why it is not ok
  base::Exit exit = base::Exit::ok;
  double open_s = 0;
  double window_s =
      0;  // measured window: from the first measured due time to the end of the schedule (or the last done)
  double drain_s = 0;
  std::optional<metrics::CounterTable> cells;  // measured requests only
  std::vector<PhaseWindow> phase_windows;
  LedgerCounts ledger;
  metrics::Histogram lateness;  // of the generator, ns
  int64_t lateness_budget_ns = 0;
  uint64_t blocked_ns = 0;
  SubmitCalls submit;
  std::optional<EarlyDrain> early_drain;
  int64_t slot_wait_ns = 0;     // the load waited for one of --max-in-flight requests to end
  uint64_t settle_dropped = 0;  // the same of a workload that judges; any makes the run INVALID
  double achieved_rate = 0;     // of arrivals
  double achieved_cv = -1;      // coefficient of variation of inter-arrival times; -1 = fewer than 3
  std::vector<StageTimes> stages;
  std::vector<NodeWork> nodes;  // by number: those asked for, then those added
  std::vector<SeriesSummary> series;
  std::vector<EventRecord> events;
  std::vector<FailureText> failures;       // most frequent first
  std::vector<SampledRequest> timeline;    // a sample of the measured requests, by seq
  std::vector<metrics::Metric> over_time;  // availability, priority_inversion, memory_drift, ...: not made of cells
  std::string verdict;                     // pass | wrong | unchecked
  nlohmann::json report;                   // the workload's own, from conclude
  uint64_t digest = 0;                     // XOR over ok requests of mix(seq, digest): order-free, for output parity
  uint64_t digested = 0;                   // how many requests are in it
  ParityResult parity;
  nlohmann::ordered_json noise;                     // noisy or not, and what was measured of it; see machine/noise.hpp
  nlohmann::ordered_json harness_share;             // see machine/harness_share.hpp
  nlohmann::json notes = nlohmann::json::object();  // the engine's own: clock cost, timer error, guard, ...
};

}  // namespace host::records
