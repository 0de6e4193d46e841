// The run's one clock: CLOCK_MONOTONIC, or a virtual one that the engine moves.
#pragma once

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
  // Cheap when nobody waits: one load.
  void notify() noexcept {
    if (waiting_.load(std::memory_order_seq_cst) != 0) wake();
  }
  // Returns when notified, when `ready()` holds, or after limit_ns.
  template <class Ready>
  void wait(int64_t limit_ns, Ready&& ready) noexcept {
    waiting_.store(1, std::memory_order_seq_cst);
    if (!ready()) sleep(limit_ns);
    waiting_.store(0, std::memory_order_relaxed);
  }

 private:
  void wake() noexcept;
  void sleep(int64_t limit_ns) noexcept;
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
