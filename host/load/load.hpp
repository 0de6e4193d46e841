// The load of a run: the host's own options, the same for every workload, and the arrival process they describe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/option.hpp"

namespace host::load {

enum class Arrival { constant, poisson, gamma, bursty, trace, closed, offline };

struct LoadConfig {
  Arrival arrival = Arrival::poisson;
  double rate = 40;                // 1/s; the long-run mean, for bursty too
  double cv = 1;                   // gamma: coefficient of variation of inter-arrival times
  double burst_factor = 8;         // bursty: rate in a burst / rate in the calm state
  double burst_dwell_s = 1;        // mean time in a burst
  double calm_dwell_s = 9;         // mean time in the calm state
  uint64_t total_requests = 1000;  // measured; 0 = bounded by duration or the trace's end
  double duration_s = 0;           // measured; 0 = bounded by count
  uint64_t warmup_items = 100;     // the first ones of the schedule
  uint32_t concurrency = 0;        // closed loop: requests in flight
  std::filesystem::path trace;
  std::string trace_spread = "none";  // none | uniform: spreads equal timestamps over the quantisation step
  double trace_speed = 1;
  uint64_t trace_limit = 0;  // 0 = all
  double timeout_s = 30;     // per request, from its due time
  double drain_timeout_s = 30;
  uint64_t max_in_flight = 65536;
  uint64_t seed = 42;
};

// The specs of these options ("rate", "arrival", "cv", ...), for flags, help and checks. A workload's manifest
// overrides their defaults in [defaults].
const std::vector<catalog::OptionSpec>& load_options();
// False for an option that only other arrival processes use, like `rate` with a trace.
bool has_effect(std::string_view option, std::string_view arrival);
// About how long the schedule is, by chance hardly longer. A closed loop's and an offline one's: until the last request
// has timed out, if none ends before. `trace_s`: of the trace, from its first row to its last.
double planned_s(const LoadConfig& config, double trace_s = 0);
// From resolved values; checks what no single option can (trace without --trace, neither count nor duration, ...).
LoadConfig load_config(const catalog::OptionValues& values, uint64_t seed);

// One arrival: when, and from a trace how large.
struct Due {
  int64_t at_ns = 0;  // from the start of the schedule, never decreasing
  uint64_t key = 0;
  uint32_t units_in = 0;
  uint32_t units_out = 0;
  uint8_t burst = 0;  // bursty: 1 while in the burst state
};

// An arrival process, drawn lazily and in constant memory.
class Arrivals {
 public:
  virtual ~Arrivals() = default;
  // Fills the next rows, returns how many; fewer than n = the process has ended (a trace only).
  virtual size_t next(Due* rows, size_t n) = 0;
  // For the record: how a trace was read, what was changed.
  [[nodiscard]] virtual nlohmann::json notes() const { return nlohmann::json::object(); }
};

// A window of a given length must begin at no arrival of a random process: arrivals come together, so that one which
// begins where one came holds more of them than the rate says. It begins with the last warm-up request instead, and
// from there the process is drawn anew from its stationary state. A window of a given number of requests, which begins
// at one and ends where the next would come, holds just as many gaps.
bool begins_anew(const LoadConfig& config);

// Open-loop processes only (constant, poisson, gamma, bursty, trace, offline). A trace: throws Error(usage), here and
// from next(), for what check_trace() reports.
std::unique_ptr<Arrivals> make_arrivals(const LoadConfig& config);

// What a trace offers, before any spreading or change of speed.
struct TraceCheck {
  std::string format;  // "azure-csv" | "mooncake-jsonl"
  uint64_t rows = 0;
  double span_s = 0;            // first row to last
  double mean_rate = 0;         // 1/s, (rows - 1) / span; 0 when no time passes
  double cv = -1;               // coefficient of variation of the gaps; -1 = fewer than 3 rows, or no time passes
  double quantised_step_s = 0;  // most rows share their timestamp with the row before: the mean step between timestamps
  std::string note = {};        // what looks like a mistake; empty = nothing does
};
// Reads the first `limit` rows (0 = all) once, so that a broken line is reported before a run and not in its middle.
// Throws Error(usage), "FILE:LINE: what was found, what was expected"; also for a pause that, at `speed`, is longer
// than any run.
TraceCheck check_trace(const std::filesystem::path& file, uint64_t limit, double speed = 1);

}  // namespace host::load
