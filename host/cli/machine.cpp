#include "cli/machine.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <time.h>

#include <cstdlib>
#include <fstream>

#include "metrics/histogram.hpp"

namespace host {
namespace {

std::string first_word(const char* file) {
  std::ifstream in(file);
  std::string word;
  in >> word;
  return word;
}

unsigned usable_cores() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
}

int64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

TimerError measure_timer() {
  constexpr int64_t sleep_ns = 200'000;
  Histogram late;
  for (int i = 0; i < 1000; ++i) {
    const auto due_ns = now_ns() + sleep_ns;
    const timespec due = {due_ns / 1'000'000'000, due_ns % 1'000'000'000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) != 0) {
    }
    late.record(now_ns() - due_ns);
  }
  return {late.quantile(0.5), late.quantile(0.99)};
}

}  // namespace

Machine inspect_machine() {
  Machine out;
  out.cores = usable_cores();
  double load = 0;
  if (getloadavg(&load, 1) == 1) out.load_1min = load;
  out.clock_source = first_word("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  out.governor = first_word("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
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

}  // namespace host
