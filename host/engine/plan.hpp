// The schedule of a run, planned block by block: due times from the arrival process, the rest from the workload.
#pragma once

#include <sage/abi.h>

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/session.hpp"
#include "load/load.hpp"

namespace host::engine {

struct ControlEvent {
  uint32_t kind;   // SAGE_EVENT_*
  int64_t due_ns;  // from the start of the schedule, like every time here
  std::string target;
  std::string args;
};

// [feed] Rows and control events in order of due time. In constant memory: a block of rows is planned when the last one
// has been taken. Sets the session's window end as soon as it is known.
class Plan {
 public:
  explicit Plan(Session& session);

  // Rows have due times to wait for; otherwise (closed loop, offline) they are due when they can be issued.
  [[nodiscard]] bool paced() const { return arrivals_ != nullptr && !offline_; }
  [[nodiscard]] bool offline() const { return offline_; }

  // The next row, null when there is none left.
  sage_request* row() {
    if (next_ == size_ && !over_) fill_block();
    return next_ == size_ ? nullptr : &rows_[next_];
  }
  // -1 until the first measured row is planned.
  [[nodiscard]] int64_t window_begin_ns() const { return window_begin_ns_; }
  [[nodiscard]] bool row_in_burst() const { return burst_[next_] != 0; }
  void take_row() { ++next_; }
  // The next control event, null when none is known yet.
  ControlEvent* event() { return events_.empty() ? nullptr : &events_.front(); }
  void take_event() { events_.pop_front(); }
  // When the load has ended: what the workload said would happen and did not, since it was due after the end. What may
  // be kept back until it is asked for is not counted.
  [[nodiscard]] std::vector<ControlEvent> events_after_end() const;
  // No more rows; the window ends at `end_ns`.
  void cut(int64_t end_ns);

  [[nodiscard]] nlohmann::json notes() const;

 private:
  static constexpr size_t block_size = 256;

  void fill_block();
  size_t draw(size_t wanted);
  void check_rows(size_t filled);
  bool cut_by_time(size_t filled);
  void pull_events(int64_t until_ns);
  void end(int64_t window_end_ns);

  Session& session_;
  const load::LoadConfig& load_;
  std::unique_ptr<load::Arrivals> arrivals_;  // null: closed loop
  const bool offline_;

  std::array<sage_request, block_size> rows_{};
  std::array<uint8_t, block_size> burst_{};
  size_t next_ = 0;
  size_t size_ = 0;
  bool over_ = false;  // nothing follows the block
  uint64_t next_seq_ = 0;
  int64_t window_begin_ns_ = -1;
  int64_t first_measured_ns_ = 0;
  int64_t last_due_ns_ = 0;
  int64_t last_drawn_ns_ = 0;  // due time of the row drawn last, before the workload moved it
  std::deque<ControlEvent> events_;
  int64_t events_until_ns_ = 0;  // how far they were asked for
};

}  // namespace host::engine
