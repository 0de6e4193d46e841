// What of this machine bears on a measurement: read from /proc and /sys, and the timer measured.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "machine/cpu_watch.hpp"

namespace host::machine {

struct TimerError {  // of a sleep of 200 us, over 1000 sleeps
  int64_t p50_ns = 0;
  int64_t p99_ns = 0;
};

struct Machine {
  unsigned cores = 1;        // this process may use
  double load_1min = 0;      // processes running or waiting, system-wide
  std::string clock_source;  // "tsc"; empty = not readable
  std::string governor;      // "performance"; empty = not readable, as in most virtual machines
  std::string huge_pages;    // transparent ones: "madvise"; empty = not readable
  std::optional<bool> smt;   // cores run two threads or more each
  std::optional<double> swap_used_mb;
  std::optional<double> cpu_limit;            // cores, of the control group; null = none
  std::optional<uint64_t> throttled_periods;  // in which that limit was used up, since the group began
  std::optional<uint64_t> thermal_throttles;  // of all cores since boot
  std::optional<double> cpu_pressure;         // share of the last 10 s in which a task waited for a CPU
  std::optional<CpuUse> use;                  // while it was watched
  std::vector<BusyProcess> busiest;           // meanwhile, the others
  int64_t timer_slack_ns = 0;                 // this process's own
  TimerError timer;                           // with a slack of 1 ns, as a run sets it
};

// What the files below `root` say at this moment.
Machine read_machine(const std::filesystem::path& root = "/");
// The same, and what goes on for about a second: CPU use and the timer.
Machine inspect_machine();

// Free bytes where `folder` is, or would be made.
std::optional<uint64_t> free_bytes(const std::filesystem::path& folder);

}  // namespace host::machine
