// What of the machine disturbs a measurement: the thresholds, and what to do about it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "machine/findings.hpp"
#include "machine/noise.hpp"

namespace host::machine {
namespace {

class Findings {
 public:
  // `fact` alone where it is good, else with the remedy.
  void add(bool good, const char* what, std::string fact, const char* remedy) {
    all.push_back({good ? "ok" : "warn", what, good ? std::move(fact) : fmt::format("{}; {}", fact, remedy)});
  }
  void not_readable(const char* what) { all.push_back({"ok", what, "not readable"}); }
  std::vector<Finding> all;
};

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

void add_processor(Findings& out, const Machine& m) {
  out.add(m.cores >= 2, "cores", fmt::format("{}", m.cores),
          "the load generator needs one of its own: use a machine with two or more");
  if (m.smt)
    out.add(!*m.smt, "SMT", *m.smt ? "on" : "off",
            "two threads share a core and slow each other down: echo off > /sys/devices/system/cpu/smt/control, or run "
            "under taskset with one CPU of each core");
  else
    out.not_readable("SMT");
  out.add(m.governor.empty() || m.governor == "performance", "CPU governor",
          m.governor.empty() ? "not readable (a virtual machine, usually)" : m.governor,
          "the frequency changes under load: cpupower frequency-set -g performance");
  if (m.thermal_throttles)
    out.add(*m.thermal_throttles == 0, "thermal throttling", fmt::format("{} since boot", *m.thermal_throttles),
            "the CPU gets too hot for its clock: cool it better, or switch turbo off");
  else
    out.not_readable("thermal throttling");
}

std::string names(const std::vector<BusyProcess>& processes, uint64_t total) {
  std::vector<std::string> out;
  for (const auto& process : processes)
    out.push_back(fmt::format("{} (pid {}) {}", process.name, process.pid,
                              percent(static_cast<double>(process.ticks) / static_cast<double>(total))));
  return fmt::format("{}", fmt::join(out, ", "));
}

// What went on while doctor watched.
void add_activity(Findings& out, const Machine& m) {
  if (!m.use) {
    out.not_readable("steal time");
    out.not_readable("other processes");
  } else {
    const auto steal = m.use->share(m.use->steal);
    out.add(steal <= noisy_steal_share, "steal time", percent(steal),
            "the hypervisor gives the CPUs to other guests: use dedicated ones, or another hour");
    if (m.use->other) {
      const auto other = m.use->share(*m.use->other);
      const bool good = other <= noisy_other_share;
      auto fact = percent(other) + " of CPU time";
      if (!good && !m.busiest.empty()) fact += ": " + names(m.busiest, m.use->total);
      out.add(good, "other processes", std::move(fact), "end them before measuring");
    } else {
      out.not_readable("other processes");
    }
  }
  if (m.cpu_pressure)
    out.add(*m.cpu_pressure <= 0.1, "CPU pressure", fmt::format("{} of 10 s", percent(*m.cpu_pressure)),
            "tasks wait for a CPU: there is more to run than CPUs, end what else runs");
  else
    out.not_readable("CPU pressure");
  out.add(m.load_1min < 0.5 * m.cores, "load average", fmt::format("{:.2f}", m.load_1min),
          "other processes are running: end them before measuring");
}

void add_memory_and_limits(Findings& out, const Machine& m) {
  if (m.swap_used_mb)
    out.add(*m.swap_used_mb < 1, "swap", fmt::format("{:.0f} MB in use", *m.swap_used_mb),
            "touching what was swapped out takes milliseconds: swapoff -a, or free memory");
  else
    out.not_readable("swap");
  out.add(m.huge_pages != "always", "transparent huge pages", m.huge_pages.empty() ? "not readable" : m.huge_pages,
          "page faults stop to compact memory: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
  if (!m.cpu_limit) {
    out.add(true, "CPU quota", "none", "");
  } else {
    const auto fact = fmt::format("{:.2f} cores", *m.cpu_limit);
    const auto throttled = m.throttled_periods.value_or(0);
    out.add(
        throttled == 0, "CPU quota", throttled == 0 ? fact : fmt::format("{}, used up {} times", fact, throttled),
        "the container stands still for the rest of each period: raise its CPU limit, or give it whole CPUs (cpuset)");
  }
}

}  // namespace

std::vector<Finding> machine_findings(const Machine& m) {
  Findings out;
  add_processor(out, m);
  add_activity(out, m);
  add_memory_and_limits(out, m);
  out.add(m.clock_source.empty() || m.clock_source == "tsc" || m.clock_source == "kvm-clock" ||
              m.clock_source == "arch_sys_counter",
          "clock source", m.clock_source.empty() ? "not readable" : m.clock_source,
          "reading the clock is a system call: boot with clocksource=tsc if the CPU's is stable");
  out.add(true, "timer slack", fmt::format("{} ns (a run sets 1 ns)", m.timer_slack_ns), "");
  out.add(m.timer.p99_ns < 1'000'000, "sleep error",
          fmt::format("p50 {:.1f} us, p99 {:.1f} us", static_cast<double>(m.timer.p50_ns) / 1e3,
                      static_cast<double>(m.timer.p99_ns) / 1e3),
          "the machine is busy or its hypervisor is: runs may be INVALID for a late generator");
#ifndef NDEBUG
  out.add(false, "build", "with assertions", "measure with an optimised build: cmake --preset release");
#endif
  return std::move(out.all);
}

}  // namespace host::machine
