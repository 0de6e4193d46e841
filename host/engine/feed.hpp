// The feed: waits for each due time of the plan, issues control events and submits requests in batches.
#pragma once

#include <sage/abi.h>

#include <array>
#include <atomic>
#include <optional>

#include "engine/plan.hpp"
#include "engine/session.hpp"
#include "machine/gaps.hpp"

namespace host::engine {

class Feed {
 public:
  Feed(Session& session, int64_t guard_ns, const std::atomic<int>& stop);

  // [main] Before the run: what the workload plans first, and its first events, are looked at. Throws Error.
  void prepare() { plan_.row(); }
  // Real time: the body of the feed thread.
  void run();
  // Virtual time: when there is next something to do (INT64_MAX: nothing until a request completes), and doing it.
  [[nodiscard]] int64_t next_ns();
  void step(int64_t now_ns);
  // Nothing more will be offered. Rows that the backend refused so far end as cancelled.
  [[nodiscard]] bool ended() const { return ended_.load(std::memory_order_acquire); }
  void stop_offering();
  // [any] The feed thread stops at its next step.
  void abandon() { abandoned_.store(true, std::memory_order_relaxed); }

  [[nodiscard]] bool open_loop() const { return plan_.paced(); }
  // From the start of the schedule; -1 = the schedule has no measured request. It may hold none of them.
  [[nodiscard]] int64_t window_begin_ns() const {
    return window_begin_ns_ < 0 && plan_.paced() ? plan_.window_begin_ns() : window_begin_ns_;
  }
  [[nodiscard]] double mean_gap_s() const;
  [[nodiscard]] double gap_cv() const;  // -1: fewer than 3 gaps
  // Times from the start of the schedule.
  [[nodiscard]] const records::SubmitCalls& submit_calls() const { return submit_; }
  // Of the waits of this thread; on the run's clock.
  [[nodiscard]] const machine::Gaps& host_gaps() const { return host_gaps_; }
  [[nodiscard]] nlohmann::json arrival_notes() const { return plan_.notes(); }
  [[nodiscard]] std::vector<ControlEvent> events_after_end() const { return plan_.events_after_end(); }

  metrics::LaneHistogram lateness;  // of the generator: dispatch delay that neither backend nor full table explains
  LaneCounter warmup_offered;
  [[nodiscard]] int64_t slot_wait_ns() const { return slot_wait_ns_; }  // for which the table of requests was full

 private:
  static constexpr size_t batch_size = 64;

  void end_if_time_is_up();
  void issue_event(const ControlEvent& event, int64_t now_ns);
  bool issue_batch(int64_t now_ns, int64_t before_ns);
  void note_slot(int64_t now_ns);
  void enter(sage_request& row, bool burst, int64_t now_ns);
  void renew_batch(int64_t now_ns);
  void offer(int64_t now_ns);
  void note_gap(int64_t due_ns);
  void note_submit(int64_t begin_ns, int64_t end_ns);
  [[nodiscard]] uint64_t in_flight_limit() const;
  [[nodiscard]] size_t room();
  [[nodiscard]] bool stopping() const {
    return stop_.load(std::memory_order_relaxed) > 0 || abandoned_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool batch_empty() const { return batch_begin_ == batch_end_; }

  Session& session_;
  Ledger& ledger_;
  const load::LoadConfig& load_;
  const int64_t guard_ns_;
  const std::atomic<int>& stop_;
  Plan plan_;

  // rows with a slot that the backend has not taken yet
  std::array<sage_request, batch_size> batch_{};
  size_t batch_begin_ = 0;
  size_t batch_end_ = 0;
  bool no_slot_ = false;    // the last row to be issued found the table full
  int64_t no_slot_ns_ = 0;  // when that was last so
  int64_t no_slot_since_ns_ = 0;
  int64_t slot_wait_ns_ = 0;
  uint64_t rings_checked_ = 0;  // requests offered when the rings of rows were last looked at
  bool rings_full_ = false;
  int64_t blocked_since_ns_ = 0;
  int64_t backend_free_ns_ = 0;  // the backend last returned from submit

  records::SubmitCalls submit_;
  machine::Gaps host_gaps_;

  uint64_t next_event_id_ = 1;
  bool marked_ = false;  // the workload opens phases itself
  std::optional<bool> burst_state_;

  int64_t window_begin_ns_ = -1;
  int64_t last_due_ns_ = -1;
  double gap_sum_ = 0;
  double gap_square_sum_ = 0;
  uint64_t gaps_ = 0;
  std::atomic<bool> abandoned_{false};
  std::atomic<bool> ended_{false};
};

}  // namespace host::engine
