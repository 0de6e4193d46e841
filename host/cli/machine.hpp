// What of this machine bears on a measurement: read from /proc and /sys, and the timer measured.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace host {

struct TimerError {  // of a sleep of 200 us, over 1000 sleeps
  int64_t p50_ns = 0;
  int64_t p99_ns = 0;
};

struct Machine {
  unsigned cores = 1;          // this process may use
  double load_1min = 0;        // processes running or waiting, system-wide
  std::string clock_source;    // "tsc"; empty = not readable
  std::string governor;        // "performance"; empty = not readable, as in most virtual machines
  int64_t timer_slack_ns = 0;  // this process's own
  TimerError timer;            // with a slack of 1 ns, as a run sets it
};

Machine inspect_machine();

// Free bytes where `folder` is, or would be made.
std::optional<uint64_t> free_bytes(const std::filesystem::path& folder);

}  // namespace host
