#include "engine/clock.hpp"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace host::engine {

namespace {

timespec to_timespec(int64_t ns) { return {ns / 1'000'000'000, ns % 1'000'000'000}; }

void pause_cpu() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

Wake::Wake() : can_fence_(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0) {}

bool Wake::fence_others() const noexcept {
  return can_fence_ && syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void Wake::wake() noexcept {
  waiting_.store(0, std::memory_order_seq_cst);
  syscall(SYS_futex, &waiting_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

void Wake::sleep(int64_t limit_ns) noexcept {
  const auto limit = to_timespec(limit_ns);
  syscall(SYS_futex, &waiting_, FUTEX_WAIT_PRIVATE, 1, &limit, nullptr, 0);
}

void wait_until(int64_t at_ns, int64_t guard_ns, int64_t max_sleep_ns) noexcept {
  const auto now = monotonic_ns();
  const auto wake_at = at_ns - guard_ns;
  if (wake_at > now) {
    const auto until = to_timespec(std::min(wake_at, now + max_sleep_ns));
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    if (wake_at > now + max_sleep_ns) return;
  }
  while (monotonic_ns() < at_ns) pause_cpu();
}

void sharpen_timers() noexcept { prctl(PR_SET_TIMERSLACK, 1UL); }

TimerProfile profile_timer(int64_t guard_limit_ns) {
  sharpen_timers();
  TimerProfile profile;
  constexpr int reads = 1000;
  const auto begin = monotonic_ns();
  for (int i = 0; i < reads; ++i) monotonic_ns();
  profile.clock_read_ns = static_cast<double>(monotonic_ns() - begin) / reads;

  std::array<int64_t, 32> overshoots{};
  for (auto& overshoot : overshoots) {
    const auto target = monotonic_ns() + 200'000;
    const auto until = to_timespec(target);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    overshoot = monotonic_ns() - target;
  }
  std::sort(overshoots.begin(), overshoots.end());
  profile.overshoot_p50_ns = overshoots[overshoots.size() / 2];
  profile.overshoot_max_ns = overshoots.back();
  // the largest of 32 is itself noisy: twice its size covers the rest in practice
  profile.guard_ns =
      std::clamp<int64_t>(2 * profile.overshoot_max_ns, 20'000, std::max<int64_t>(20'000, guard_limit_ns));
  return profile;
}

}  // namespace host::engine
