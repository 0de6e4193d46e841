// The run's one clock: CLOCK_MONOTONIC, or a virtual one that the engine moves.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"

namespace host::engine {

// CLOCK_MONOTONIC in ns (20 ns a call through the vDSO).
using base::monotonic_ns;

class Clock {
 public:
  explicit Clock(bool is_virtual) : virtual_(is_virtual) {}
  [[nodiscard]] bool is_virtual() const { return virtual_; }
  [[nodiscard]] int64_t now_ns() const noexcept {
    return virtual_ ? virtual_now_.load(std::memory_order_relaxed) : monotonic_ns();
  }
  // Virtual only. Never moves back.
  void jump_to(int64_t at_ns) {
    if (at_ns > virtual_now_.load(std::memory_order_relaxed)) virtual_now_.store(at_ns, std::memory_order_relaxed);
  }

 private:
  const bool virtual_;
  std::atomic<int64_t> virtual_now_{1'000'000'000};  // not 0, which means "unknown" in completions
};

// A thread waits for others to make progress; every wait has a timeout. One waiter, any number of notifiers.
class Wake {
 public:
  Wake();
  // Cheap when nobody waits: one load, and no fence (see wait).
  void notify() noexcept {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (waiting_.load(std::memory_order_relaxed) != 0) wake();
  }
  // Returns when notified, when `ready()` holds, or after limit_ns. The fence between what a notifier did and its look
  // at `waiting_` is made from here, in all threads at once (membarrier(2), asymmetric: who sleeps pays). Where the
  // kernel does not allow that, a notifier may miss us, and we look again soon.
  template <class Ready>
  void wait(int64_t limit_ns, Ready&& ready) noexcept {
    waiting_.store(1, std::memory_order_seq_cst);
    const bool seen = fence_others();
    if (!ready()) sleep(seen ? limit_ns : std::min(limit_ns, unseen_limit_ns));
    waiting_.store(0, std::memory_order_relaxed);
  }

 private:
  void wake() noexcept;
  void sleep(int64_t limit_ns) noexcept;
  [[nodiscard]] bool fence_others() const noexcept;

  static constexpr int64_t unseen_limit_ns = 200'000;
  const bool can_fence_;
  std::atomic<uint32_t> waiting_{0};
};

// Sleeps until guard_ns before at_ns and spins the rest. Real time; returns early after max_sleep_ns.
void wait_until(int64_t at_ns, int64_t guard_ns, int64_t max_sleep_ns) noexcept;

// Makes this thread's sleeps as precise as the kernel allows (timer slack 1 ns instead of 50 us).
void sharpen_timers() noexcept;

// What this machine's timer does, measured: overshoot of short sleeps, cost of a clock read. `guard_ns` is the spin
// guard that covers nearly every overshoot, within [20 us, limit_ns].
struct TimerProfile {
  int64_t overshoot_p50_ns = 0;
  int64_t overshoot_max_ns = 0;
  double clock_read_ns = 0;
  int64_t guard_ns = 0;
};
TimerProfile profile_timer(int64_t guard_limit_ns);

}  // namespace host::engine
