// Processes and threads with the CPU time that each has used, from /proc, as the kernel counts.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace host::machine {

// The unit of CPU time in /proc on every architecture, whatever the kernel's timer does.
inline constexpr double ticks_per_s = 100;

// A process, or a thread of one.
struct Task {
  pid_t id = 0;
  pid_t parent = 0;       // process
  uint64_t own = 0;       // ticks, user and system; a process's with those of its threads that have ended
  uint64_t children = 0;  // of child processes that it waited for, and theirs
  bool ours = false;
  std::string name;
};
using Tasks = std::vector<Task>;  // by id

// All that can be seen. `ours` and every process below it by parentage are ours: a bridge's guard is a subreaper, so
// what its runtime starts (daemons in sessions of their own too) stays below it. docs/noise.md has the cost.
Tasks read_processes(const std::filesystem::path& root, pid_t ours);
// Those that have not ended; none of a process that has.
Tasks read_threads(const std::filesystem::path& root, pid_t process);

const Task* find_task(const Tasks& in, pid_t id);
// Ticks; 0 where the counter went back.
inline uint64_t since(uint64_t now, uint64_t before) { return now > before ? now - before : 0; }
// Of the task itself, which may have begun after `before` was read.
uint64_t own_since(const Tasks& before, const Task& now);
// Of all processes that are ours, those that ended meanwhile and were waited for included.
uint64_t ours_since(const Tasks& before, const Tasks& now);

}  // namespace host::machine
