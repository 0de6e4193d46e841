// What a fault or a reconfiguration did to the service: when it was as good as before again, what was missed meanwhile,
// and the longest silence. Fed by the collector with what ended and with ticks; constant memory.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "metrics/histogram.hpp"
#include "metrics/metric.hpp"

namespace host::metrics {

// A measured request that ended, in ns on the run's clock.
struct Ended {
  int64_t due_ns = 0;
  int64_t done_ns = 0;
  bool ok = false;
  bool good = false;  // ok, and every SLO of its class met
};

// The service has recovered at the start of the first hold window in which, of the load offered, at least 95 % of the
// baseline's share was good, and of the responses not more than before were above 110 % of the baseline's p99. Windows
// are tried every tenth of their length: that is the resolution of a recovery time. That of a downtime is the mean gap
// between two ok responses, in the baseline or, without one, in the disturbance itself.
//
// The baseline is the time since the last recovery (or the start), if that is a hold window at least; otherwise the
// baseline before. A disturbance that has not recovered when the next one strikes, or when the run ends, is censored.
//
// A hold window that has too few responses for a p99 is judged by the highest percentile that ten of them support.
class Disturbances {
 public:
  explicit Disturbances(double hold_window_s);

  // A fault, or a change of the deployment, was issued. `offered`: measured requests so far.
  void begin(uint64_t event, int64_t at_ns, uint64_t offered);
  // What ended since the last call, in the order of done_ns.
  void take(std::span<const Ended> rows);
  // The same of one row while nothing is disturbed, when their order does not matter. `at`: of its response.
  void take_calm(const Ended& row, buckets::Position at) {
    if (calm_.since_ns < 0) [[unlikely]]
      start_baseline(row.due_ns, 0);  // the first measured request
    calm_.good += row.good ? 1 : 0;
    if (row.ok) calm_.response.record(row.done_ns - row.due_ns, at, 1);
  }
  // When `tick` is next due; INT64_MAX while nothing is disturbed.
  [[nodiscard]] bool active() const { return active_.has_value(); }
  [[nodiscard]] int64_t next_ns() const { return active_ ? active_->next_ns : INT64_MAX; }
  void tick(int64_t now_ns, uint64_t offered);
  // The run ends; `waiting`: requests are outstanding.
  void end(int64_t now_ns, uint64_t offered, bool waiting);

  struct Result {
    uint64_t event = 0;
    bool censored = false;
    // recovery_time, goodput_deficit, failed_requests, downtime
    std::vector<Metric> metrics;
  };
  [[nodiscard]] const std::vector<Result>& results() const { return results_; }
  static constexpr size_t results_max = 100'000;  // as many as the event log keeps

 private:
  static constexpr size_t ticks = 10;  // of a hold window

  struct Baseline {
    int64_t since_ns = -1;
    int64_t length_ns = 0;
    uint64_t offered = 0;
    uint64_t good = 0;
    Histogram response;
  };
  struct Counts {
    uint64_t offered = 0;
    uint64_t ok = 0;
    uint64_t good = 0;
    uint64_t slow = 0;  // ok, and slower than the baseline allows
    uint64_t failed = 0;
  };
  struct Active {
    uint64_t event = 0;
    int64_t begin_ns = 0;
    int64_t next_ns = 0;
    uint64_t offered_before = 0;  // at the begin of the tick
    std::string no_baseline;      // why recovery cannot be judged
    double good_share = 0;        // of the baseline: good / offered
    double gap_s = 0;             // between ok responses of the baseline; 0 = no baseline
    double slow_share = 0;        // 1 - q
    int64_t slow_ns = 0;          // 110 % of the baseline's quantile q
    Counts total;
    Counts tick;
    std::array<Counts, ticks> window{};  // the last ticks, a ring
    uint64_t ticked = 0;
    // silence
    int64_t last_ok_ns = 0;
    int64_t waiting_since_ns = INT64_MAX;  // of what ended since the last ok, the earliest due time
    int64_t longest_ns = 0;
  };

  void start_baseline(int64_t at_ns, uint64_t offered);
  void keep_baseline(int64_t at_ns, uint64_t offered);
  void judge_by_baseline(Active& active) const;
  [[nodiscard]] bool recovered(const Counts& window) const;
  void conclude(int64_t now_ns, const Counts* window, const std::string& censored_by);
  static void add(Counts& to, const Counts& from);

  const int64_t hold_ns_;
  Baseline calm_;                     // since the last recovery
  std::optional<Baseline> baseline_;  // what disturbances are compared with
  std::optional<Active> active_;
  std::vector<Result> results_;
};

}  // namespace host::metrics
