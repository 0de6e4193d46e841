#include "machine/machine.hpp"

#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/clock.hpp"
#include "machine/machine_files.hpp"
#include "metrics/histogram.hpp"

namespace host::machine {
namespace {

constexpr auto watched = std::chrono::seconds(1);

// Share of the time, from "some avg10=1.23 avg60=..." in percent.
std::optional<double> cpu_pressure(const std::filesystem::path& root) {
  const auto text = line_of(root / "proc/pressure/cpu");
  const auto at = text.find("avg10=");
  if (!text.starts_with("some") || at == std::string::npos) return std::nullopt;
  const auto share = number_in(text.substr(at + 6));
  return share ? std::optional(*share / 100) : std::nullopt;
}

std::optional<uint64_t> thermal_throttles(const std::filesystem::path& root) {
  std::optional<uint64_t> sum;
  for (const auto& cpu : entries(root / "sys/devices/system/cpu"))
    if (const auto count = number_in(line_of(cpu / "thermal_throttle/core_throttle_count")))
      sum = sum.value_or(0) + static_cast<uint64_t>(*count);
  return sum;
}

TimerError measure_timer() {
  constexpr int64_t sleep_ns = 200'000;
  metrics::Histogram late;
  for (int i = 0; i < 1000; ++i) {
    const auto due_ns = base::monotonic_ns() + sleep_ns;
    const timespec due = {due_ns / 1'000'000'000, due_ns % 1'000'000'000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) != 0) {
    }
    late.record(base::monotonic_ns() - due_ns);
  }
  return {late.quantile(0.5), late.quantile(0.99)};
}

}  // namespace

Machine read_machine(const std::filesystem::path& root) {
  const auto cpu = root / "sys/devices/system/cpu";
  const auto group = control_group(root);
  Machine out;
  out.load_1min = number_in(line_of(root / "proc/loadavg")).value_or(0);
  out.clock_source = line_of(root / "sys/devices/system/clocksource/clocksource0/current_clocksource");
  out.governor = line_of(cpu / "cpu0/cpufreq/scaling_governor");
  out.huge_pages = choice_in(line_of(root / "sys/kernel/mm/transparent_hugepage/enabled"));
  out.smt = smt_active(root);
  if (const auto used_kb = swap_used_kb(root)) out.swap_used_mb = *used_kb / 1024;
  out.cpu_limit = group.cores;
  out.throttled_periods = group.throttled_periods;
  out.thermal_throttles = thermal_throttles(root);
  out.cpu_pressure = cpu_pressure(root);
  return out;
}

Machine inspect_machine() {
  const auto cpus = usable_cpus();
  CpuWatch watch("/", getpid(), cpus);
  auto out = read_machine();
  out.cores = std::max(1U, static_cast<unsigned>(cpus.size()));
  std::this_thread::sleep_for(watched);
  out.use = watch.read();
  out.busiest = watch.busiest_others(3);
  out.timer_slack_ns = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  out.timer = measure_timer();
  prctl(PR_SET_TIMERSLACK, out.timer_slack_ns, 0, 0, 0);
  return out;
}

std::optional<uint64_t> free_bytes(const std::filesystem::path& folder) {
  std::error_code error;
  auto existing = std::filesystem::absolute(folder, error);
  while (!existing.empty() && existing.has_relative_path() && !std::filesystem::exists(existing, error))
    existing = existing.parent_path();
  const auto space = std::filesystem::space(existing, error);
  if (error) return std::nullopt;
  return space.available;
}

}  // namespace host::machine
