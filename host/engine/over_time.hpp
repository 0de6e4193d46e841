// What is measured along the run rather than in cells: silence and recovery, availability, priority inversions, drift.
// The collector feeds it, on its own thread, with every measured request that ended. Constant memory.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "metrics/disturbances.hpp"
#include "metrics/drift.hpp"
#include "metrics/inversions.hpp"
#include "metrics/uptime.hpp"
#include "records/rows.hpp"

namespace host::engine {

// Times in ns from the start of the schedule; `offered` counts measured requests that were issued so far.
class OverTime {
 public:
  explicit OverTime(double hold_window_s) : disturbances_(hold_window_s), uptime_(hold_window_s) {}

  // A measured request that ended; `offered`: so far.
  [[gnu::always_inline]] void take(const metrics::Ended& row, uint64_t offered) {
    if (!started_) [[unlikely]]
      start(row, offered);
    const auto response_ns = row.done_ns - row.due_ns;
    const auto at = metrics::buckets::position(response_ns);
    if (row.ok) {
      uptime_.ok();
      tail_.take(row.done_ns, response_ns, at);
    }
    if (disturbances_.active()) [[unlikely]]
      disturbed_rows_.push_back(row);
    else
      disturbances_.take_calm(row, at);
  }
  // That was a round of the collector: while something is disturbed, the order in which requests ended matters.
  void end_round();
  void begun(const metrics::Inversions::Begun& row) { inversions_.take(row); }
  void memory(double t_s, uint64_t resident_bytes) {
    if (resident_bytes != 0) memory_.sample(t_s, resident_bytes);
  }
  void disturbed(uint64_t event, int64_t at_ns, uint64_t offered) { disturbances_.begin(event, at_ns, offered); }
  [[nodiscard]] int64_t next_ns() const {
    return ended_ ? disturbances_.next_ns() : std::min(disturbances_.next_ns(), uptime_.next_ns());
  }
  void tick(int64_t now_ns, uint64_t offered, uint64_t in_flight) {
    disturbances_.tick(now_ns, offered);
    if (!ended_) uptime_.tick(now_ns, offered, in_flight);
  }
  // No request is offered any more: the drain counts for no availability.
  void offering_ended() { ended_ = true; }

  // It was fed no rows: what is made of them has this reason instead of a value.
  void unobserved(std::string why) { unobserved_ = std::move(why); }
  // Fills result.over_time, and the metrics of result.events.
  void conclude(records::RunResult& result, int64_t now_ns, uint64_t offered, bool waiting);

 private:
  void start(const metrics::Ended& row, uint64_t offered);
  metrics::Disturbances disturbances_;
  std::vector<metrics::Ended> disturbed_rows_;  // of the round
  metrics::Uptime uptime_;
  metrics::Inversions inversions_;
  metrics::MemoryDrift memory_;
  metrics::TailDrift tail_;
  std::string unobserved_;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace host::engine
