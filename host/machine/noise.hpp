// What disturbed a run from outside: steal time and other processes, interval by interval, and the timer. A noisy run
// is marked and stays what it is: docs/noise.md gives the reasons for the thresholds.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "machine/cpu_watch.hpp"
#include "machine/gaps.hpp"
#include "metrics/histogram.hpp"

namespace host::machine {

// Of the CPU time of an interval.
inline constexpr double noisy_steal_share = 0.01;
inline constexpr double noisy_other_share = 0.05;
// Of a run's intervals: a p99 is made of one request in a hundred, so that many of them can move it.
inline constexpr double noisy_interval_share = 0.01;

inline bool is_noisy(const CpuUse& use) {
  return use.share(use.steal) > noisy_steal_share || (use.other && use.share(*use.other) > noisy_other_share);
}

// Of real-time runs. One thread at a time.
class Noise {
 public:
  Noise(const std::filesystem::path& root, pid_t ours, std::vector<unsigned> cpus);

  // At an interval's end. Null: too short to tell, or not readable. Warm-up is read and does not count.
  std::optional<CpuUse> interval(bool warmup);
  // A sleep took so much longer than asked.
  void overslept(int64_t ns) { overshoot_.record(ns); }
  // When the load is over: the record's `noise`. `gaps` are on a clock that was at `start_ns` when the schedule began.
  [[nodiscard]] nlohmann::ordered_json conclude(const Gaps& gaps = {}, int64_t start_ns = 0) const;

 private:
  struct Kind {  // of noise
    uint64_t ticks = 0;
    uint64_t noisy_ticks = 0;  // in the intervals where it was too much
    uint64_t noisy_total = 0;  // all CPU time of these
    uint64_t intervals = 0;    // how many these are
    void add(uint64_t ticks_now, uint64_t total, double limit);
    [[nodiscard]] std::string reason(const char* what, uint64_t of_intervals) const;
  };
  std::filesystem::path root_;
  CpuWatch watch_;
  std::optional<double> load_before_;
  Kind steal_;
  Kind other_;
  uint64_t total_ = 0;
  uint64_t intervals_ = 0;
  uint64_t noisy_intervals_ = 0;
  bool others_seen_ = true;
  metrics::Histogram overshoot_;
};

// The record's `noise` where nothing was measured: everything null, and why.
nlohmann::ordered_json unmeasured_noise(const std::string& why);

}  // namespace host::machine
