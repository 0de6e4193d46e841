#include "cell/watchdog.hpp"

namespace host::cell {

namespace {

// The call that is past its deadline, 0 if none.
uint32_t overdue_call(const engine::CallWatch& watch, int64_t now_ns) {
  for (const auto& slot : watch.threads) {
    const auto deadline = slot.deadline_ns.load(std::memory_order_acquire);
    const auto call = slot.call.load(std::memory_order_acquire);
    if (call != 0 && deadline != 0 && now_ns > deadline) return call;
  }
  return 0;
}

}  // namespace

bool Watchdog::out_of_time(const engine::CallWatch& watch, int64_t now_ns) {
  const auto since = watch.load_since_ns.load();
  out_of_time_ = out_of_time_ || (longest_ns_ != 0 && since != 0 && now_ns - since > longest_ns_);
  return out_of_time_;
}

bool Watchdog::look(const engine::CallWatch& watch, int stops, int64_t now_ns) {
  if (killed_) return true;
  if (stops != stops_) {
    if (stops == 1) kill_at_ns_ = now_ns + drain_timeout_ns_ + stop_grace_ns;
    if (stops == 2) kill_at_ns_ = now_ns + stop_grace_ns;
    if (stops >= 3) kill_at_ns_ = now_ns;
    stops_ = stops;
  }
  // Two looks in a row: a call that has just ended may leave its deadline behind for a moment.
  const auto call = overdue_call(watch, now_ns);
  if (call != 0 && call == overdue_) hung_call_ = call;
  overdue_ = call;
  killed_ = hung_call_ != 0 || (kill_at_ns_ != 0 && now_ns >= kill_at_ns_);
  return killed_;
}

}  // namespace host::cell
