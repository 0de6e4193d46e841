// The feed: plans the schedule block by block, waits for each due time, issues control events and submits requests.
#pragma once

#include <sage/abi.h>

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "engine/event_log.hpp"
#include "engine/load.hpp"
#include "engine/session.hpp"

namespace host {

class Feed {
 public:
  Feed(Session& session, EventLog& events, int64_t guard_ns, const std::atomic<int>& stop);

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

  [[nodiscard]] bool open_loop() const { return arrivals_ != nullptr && !offline_; }
  [[nodiscard]] int64_t window_begin_ns() const {
    return window_begin_ns_;
  }  // from the start of the schedule; -1 = never
  [[nodiscard]] double mean_gap_s() const;
  [[nodiscard]] double gap_cv() const;  // -1: fewer than 3 gaps
  [[nodiscard]] nlohmann::json arrival_notes() const;

  LaneHistogram lateness;  // of the generator: dispatch delay that the backend does not explain
  LaneCounter warmup_offered;

 private:
  static constexpr size_t block_size = 256;
  static constexpr size_t batch_size = 64;

  struct ControlEvent {
    uint32_t kind;
    int64_t due_ns;
    std::string target;
    std::string args;
  };

  void fill_block();
  void pull_events(int64_t until_ns);
  void check_row(const sage_request& row) const;
  void end_if_time_is_up();
  void end_schedule(int64_t window_end_ns);  // from the start of the schedule
  void issue_event(const ControlEvent& event, int64_t now_ns);
  bool issue_batch(int64_t now_ns, int64_t before_ns);
  bool admit(sage_request& row, uint8_t burst, int64_t now_ns);
  void renew_batch(int64_t now_ns);
  void offer(int64_t now_ns);
  void note_gap(int64_t due_ns);
  [[nodiscard]] bool may_issue_now();
  [[nodiscard]] int64_t row_due_ns() const { return rows_[next_].due_ns; }

  Session& session_;
  EventLog& events_;
  const LoadConfig& load_;
  const int64_t guard_ns_;
  const std::atomic<int>& stop_;
  std::unique_ptr<Arrivals> arrivals_;  // null: closed loop
  const bool offline_;

  // the planned block
  std::array<sage_request, block_size> rows_{};
  std::array<uint8_t, block_size> burst_{};
  size_t next_ = 0;
  size_t planned_ = 0;
  bool schedule_over_ = false;  // nothing follows the block
  uint64_t next_seq_ = 0;

  // rows with a slot that the backend has not taken yet
  std::array<sage_request, batch_size> batch_{};
  size_t batch_begin_ = 0;
  size_t batch_end_ = 0;
  int64_t blocked_since_ns_ = 0;
  int64_t backend_free_ns_ = 0;  // the backend last returned from submit

  std::deque<ControlEvent> pending_events_;
  uint64_t next_event_id_ = 1;
  bool marked_ = false;  // the workload opens phases itself
  uint8_t burst_state_ = 255;

  int64_t window_begin_ns_ = -1;
  int64_t planned_begin_ns_ = 0;  // due time of the first measured request, known while planning
  int64_t last_due_ns_ = -1;
  double gap_sum_ = 0;
  double gap_square_sum_ = 0;
  uint64_t gaps_ = 0;
  [[nodiscard]] bool stopping() const {
    return stop_.load(std::memory_order_relaxed) > 0 || abandoned_.load(std::memory_order_relaxed);
  }
  std::atomic<bool> abandoned_{false};
  std::atomic<bool> ended_{false};
};

}  // namespace host
