#include "machine/cpu_watch.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

namespace host::machine {

CpuWatch::CpuWatch(std::filesystem::path root, pid_t ours, std::vector<unsigned> cpus)
    : root_(std::move(root)), ours_(ours), cpus_(std::move(cpus)), before_(counters()) {
  if (before_) before_->all = read_processes(root_, ours_);
}

std::optional<CpuWatch::Snapshot> CpuWatch::counters() const {
  std::ifstream in(root_ / "proc/stat");
  Snapshot now;
  bool found = false;
  for (std::string line; std::getline(in, line) && line.starts_with("cpu");) {
    std::istringstream words(line.substr(3));
    const bool sum = line[3] == ' ';
    unsigned cpu = 0;
    if (!sum) words >> cpu;
    if (cpus_.empty() ? !sum : sum || std::ranges::find(cpus_, cpu) == cpus_.end()) continue;
    std::array<uint64_t, 8> ticks{};  // user nice system idle iowait irq softirq steal
    for (auto& value : ticks) words >> value;
    now.processes += ticks[0] + ticks[1] + ticks[2];
    now.steal += ticks[7];
    for (const auto value : ticks) now.total += value;
    found = true;
  }
  if (!found) return std::nullopt;
  return now;
}

std::optional<CpuUse> CpuWatch::read() {
  auto now = counters();
  if (!now || !before_) return std::nullopt;
  CpuUse use;
  use.total = since(now->total, before_->total);
  if (use.total < min_ticks) return std::nullopt;
  now->all = read_processes(root_, ours_);
  use.steal = since(now->steal, before_->steal);
  if (find_task(now->all, ours_) != nullptr)
    use.other =
        std::min(use.total, since(since(now->processes, before_->processes), ours_since(before_->all, now->all)));
  others_.clear();
  for (const auto& process : now->all) {
    if (process.ours) continue;
    if (const auto ticks = own_since(before_->all, process); ticks != 0)
      others_.push_back({process.id, process.name, ticks});
  }
  before_ = std::move(now);
  return use;
}

std::vector<BusyProcess> CpuWatch::busiest_others(size_t n) const {
  auto busiest = others_;
  std::ranges::stable_sort(busiest, std::greater{}, &BusyProcess::ticks);
  busiest.resize(std::min(n, busiest.size()));
  return busiest;
}

std::vector<unsigned> usable_cpus() {
  std::vector<unsigned> cpus;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cpus;  // more than 1024 CPUs: all count
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  return cpus;
}

}  // namespace host::machine
