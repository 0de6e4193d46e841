// The collector: once an interval it merges what all lanes have counted, expires overdue requests, lets the workload
// judge results, and tells the writers.
#pragma once

#include <atomic>
#include <optional>
#include <span>
#include <vector>

#include "engine/event_log.hpp"
#include "engine/feed.hpp"
#include "engine/over_time.hpp"
#include "engine/session.hpp"
#include "machine/noise.hpp"

namespace host::engine {

class Collector {
 public:
  Collector(Session& session, Feed& feed, EventLog& events, const records::RunInfo& info,
            std::span<records::Writer* const> writers, CallWatch* watch);

  // Real time: the body of the collector thread; returns after `finish_soon`.
  void run();
  void finish_soon() { finishing_.store(true, std::memory_order_release); }
  // One round: rows, timeouts, and an interval record if one is due. Returns how many rows there were.
  size_t step(int64_t now_ns);
  // Virtual time: when the next round is due.
  [[nodiscard]] int64_t next_ns() const;

  // After the drain: what is still outstanding ends as unfinished, and noise does not matter any more.
  void expire_all(int64_t now_ns);
  // After the backend was closed: the rest of the rows, the last interval, the workload's verdict.
  void conclude(records::RunResult& result, int64_t now_ns);
  void fill(records::RunResult& result);

 private:
  size_t take_rows();
  void observe(const DoneRow& done);
  void follow(int64_t now_ns);
  [[nodiscard]] uint64_t measured_offered() const;
  [[nodiscard]] bool warming_up() const;
  void judge(std::span<const sage_outcome> outcomes, std::span<const DoneRow* const> rows);
  void expire(int64_t now_ns);
  void interval(int64_t now_ns);
  void tell_events();
  metrics::Counters class_total(size_t class_id, size_t phase_limit) const;

  Session& session_;
  Feed& feed_;
  EventLog& events_;
  const records::RunInfo& info_;
  std::vector<records::Writer*> writers_;
  CallWatch* watch_;
  const int64_t interval_ns_;
  const int64_t timeout_ns_;
  const bool settles_;
  int64_t next_interval_ns_;
  int64_t next_expiry_ns_;
  int64_t interval_begin_ns_;
  int64_t concluded_ns_ = 0;
  std::atomic<bool> finishing_{false};

  // before the interval that is under way, for the difference
  struct ClassBefore {
    metrics::Counters cell;
  };
  std::vector<ClassBefore> before_;
  std::array<uint64_t, metrics::outcome_count> outcomes_before_{};
  uint64_t offered_before_ = 0;
  int64_t blocked_before_ns_ = 0;
  metrics::Histogram lateness_before_;

  std::optional<machine::Noise> noise_;                 // in real time
  std::optional<machine::CpuUse> last_use_;             // of the interval that the load's end cuts short
  std::optional<nlohmann::ordered_json> noise_record_;  // set when the load is over

  OverTime over_time_;
  std::vector<metrics::Ended> ended_;
  std::vector<uint16_t> first_stage_;  // by pipeline; no_stage if that is keyed
  static constexpr uint16_t no_stage = UINT16_MAX;

  std::vector<uint64_t> wrong_by_cell_;
  uint64_t wrong_ = 0;
  uint64_t passed_ = 0;
  uint64_t unchecked_ = 0;
  std::vector<sage_outcome> outcome_rows_;
  std::vector<const DoneRow*> done_rows_;
  std::vector<records::RequestRow> logged_rows_;
  std::vector<uint32_t> verdicts_;
};

}  // namespace host::engine
