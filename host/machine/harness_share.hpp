// What the harness itself uses of the CPU, beside the system that it measures: the host's process, and the drivers,
// which are a backend's own processes between the host and its runtime (the bridge's half in Python).
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "machine/tasks.hpp"

namespace host::machine {

// Of a core. One that comes to more is the limit of the run: its rate is then that of one process, not the runtime's.
inline constexpr double driver_core_share_max = 0.9;
// Shorter ones say nothing: /proc rounds user and system time of a thread to hundredths of a second each.
inline constexpr double harness_window_s_min = 1;

struct Driver {
  pid_t pid = 0;
  std::optional<double> operator_cpu_s;  // so far, of operators that it executes itself; null: they run elsewhere
};

// What everything had used at one moment.
struct CpuReading {
  struct OfDriver {
    Driver driver;
    Tasks threads;
  };
  double at_s = 0;
  uint64_t requests = 0;  // that had ended
  Tasks processes;
  std::vector<OfDriver> drivers;
};
// Without drivers the backend runs in the process `ours`.
CpuReading read_cpu(const std::filesystem::path& root, pid_t ours, const std::vector<Driver>& drivers, double at_s,
                    uint64_t requests);

// The record's `harness_share` from one reading to the other.
nlohmann::ordered_json harness_share(pid_t ours, const CpuReading& begin, const CpuReading& end);
// Where nothing was measured: everything null, and why.
nlohmann::ordered_json unmeasured_harness_share(const std::string& why);

}  // namespace host::machine
