// The clock of everything that is measured.
#pragma once

#include <time.h>

#include <cstdint>

namespace host::base {

// CLOCK_MONOTONIC; system-wide, so the same in every process of a run.
inline int64_t monotonic_ns() noexcept {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// Likewise, and counts on while the machine sleeps.
inline int64_t boot_ns() noexcept {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace host::base
