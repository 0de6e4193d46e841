// Who used the CPUs meanwhile: the hypervisor, this run's processes, or others. From /proc, as the kernel counts.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "machine/tasks.hpp"

namespace host::machine {

// CPU time since the reading before, in ticks (1/100 s) of the CPUs that this run may use.
struct CpuUse {
  uint64_t total = 0;             // wall time of these CPUs: used, idle and stolen
  uint64_t steal = 0;             // the hypervisor gave them to other guests
  std::optional<uint64_t> other;  // processes that are not ours; interrupts are nobody's. Null: ours were not found
  [[nodiscard]] double share(uint64_t ticks) const { return static_cast<double>(ticks) / static_cast<double>(total); }
};

struct BusyProcess {
  pid_t pid = 0;
  std::string name;
  uint64_t ticks = 0;
};

class CpuWatch {
 public:
  // Fewer ticks than this are not worth a share: on two CPUs 0.4 s, where one tick is 1.25 %.
  static constexpr uint64_t min_ticks = 80;

  // `ours` as of read_processes. `cpus`: those that count; empty = all.
  CpuWatch(std::filesystem::path root, pid_t ours, std::vector<unsigned> cpus);

  // Since the last reading, or the constructor. Null after too short a time, which is then part of the next reading,
  // and where /proc/stat was not readable. One thread. Reads the stat file of every process: docs/noise.md has the
  // cost.
  std::optional<CpuUse> read();
  [[nodiscard]] bool readable() const { return before_.has_value(); }
  // Of the last reading: the others that used most, at most `n`.
  [[nodiscard]] std::vector<BusyProcess> busiest_others(size_t n) const;

 private:
  struct Snapshot {
    uint64_t processes = 0;  // ticks in user, nice and system
    uint64_t steal = 0;
    uint64_t total = 0;
    Tasks all;
  };
  [[nodiscard]] std::optional<Snapshot> counters() const;  // without the processes

  std::filesystem::path root_;
  pid_t ours_;
  std::vector<unsigned> cpus_;
  std::optional<Snapshot> before_;
  std::vector<BusyProcess> others_;
};

// CPUs that this thread may run on.
std::vector<unsigned> usable_cpus();

}  // namespace host::machine
