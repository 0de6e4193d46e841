// When a cell must be killed: a plugin call is past its deadline, or the cell does not end although it was asked to.
#pragma once

#include <cstdint>

#include "engine/watch.hpp"

namespace host::cell {

// One cell's; times on CLOCK_MONOTONIC.
class Watchdog {
 public:
  // `longest_ns`: that requests may be offered; 0 = however long.
  explicit Watchdog(int64_t drain_timeout_ns, int64_t longest_ns = 0)
      : drain_timeout_ns_(drain_timeout_ns), longest_ns_(longest_ns) {}

  // True from the look on that finds that the load has taken too long. It counts as being asked to stop once more.
  bool out_of_time(const engine::CallWatch& watch, int64_t now_ns);

  // True from the look on that finds it must be killed. `stops`: how often the user asked to stop so far: once gives it
  // time to drain, twice time to write, a third time none.
  bool look(const engine::CallWatch& watch, int stops, int64_t now_ns);
  // The call it was killed for; 0 if for not stopping.
  [[nodiscard]] uint32_t hung_call() const { return hung_call_; }

  static constexpr int64_t stop_grace_ns = 10'000'000'000;  // beyond the drain timeout

 private:
  const int64_t drain_timeout_ns_;
  const int64_t longest_ns_;
  bool out_of_time_ = false;
  int64_t kill_at_ns_ = 0;  // once the user asked to stop
  uint32_t overdue_ = 0;    // the call that was past its deadline at the last look
  uint32_t hung_call_ = 0;
  int stops_ = 0;
  bool killed_ = false;
};

}  // namespace host::cell
