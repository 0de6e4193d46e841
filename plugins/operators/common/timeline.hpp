// Control events at fractions of the measured window. When such a moment is due is known only once the schedule has
// been planned as far: it depends on the arrival process, and a trace may be one.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace operators::common {

// [feed] Of the thread that plans.
class Timeline {
 public:
  // Reads the run's load from options.load: total_requests, warmup_items, duration, arrival, concurrency.
  explicit Timeline(const sage::Json& options);

  // False when requests have no due times (closed loop, offline) or nothing says where the window ends (a whole trace):
  // then no event takes place.
  [[nodiscard]] bool possible() const { return possible_; }
  // The event's due time is set when it is known. Fractions do not decrease from call to call.
  void at(double fraction, sage::Event event);

  // For plan: what was planned.
  void follow(std::span<const sage_request> rows);
  // For events.
  std::vector<sage::Event> due(int64_t until_ns);

 private:
  struct Moment {
    double fraction;
    sage::Event event;
  };
  [[nodiscard]] bool reached(const Moment& moment, const sage_request& row, int64_t& due_ns) const;

  uint64_t warmup_items_ = 0;
  uint64_t total_requests_ = 0;
  double duration_s_ = 0;
  bool possible_ = false;
  int64_t begin_ns_ = -1;  // of the window
  std::deque<Moment> ahead_;
  std::vector<sage::Event> placed_;
};

}  // namespace operators::common
