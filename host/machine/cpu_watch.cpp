#include "machine/cpu_watch.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

namespace host::machine {
namespace {

uint64_t since(uint64_t now, uint64_t before) { return now > before ? now - before : 0; }

// The n-th blank-separated number, from 0; 0 if there is none.
uint64_t field(std::string_view text, size_t n) {
  for (; n > 0; --n) {
    const auto blank = text.find(' ');
    if (blank == std::string_view::npos) return 0;
    text.remove_prefix(blank + 1);
  }
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

pid_t pid_named(const char* name) {
  const std::string_view text(name);
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  return error == std::errc{} && end == text.data() + text.size() ? pid : 0;
}

}  // namespace

CpuWatch::CpuWatch(std::filesystem::path root, pid_t ours, std::vector<unsigned> cpus)
    : root_(std::move(root)), ours_(ours), cpus_(std::move(cpus)), before_(counters()) {
  if (before_) before_->all = processes();
}

std::vector<CpuWatch::Process> CpuWatch::processes() const {
  std::vector<Process> all;
  const auto folder = root_ / "proc";
  DIR* entries = opendir(folder.c_str());
  if (entries == nullptr) return all;
  while (const auto* entry = readdir(entries)) {
    const auto pid = pid_named(entry->d_name);
    if (pid == 0) continue;
    const auto file = std::string(entry->d_name) + "/stat";
    const int fd = openat(dirfd(entries), file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;  // it has ended
    std::array<char, 512> bytes{};
    const auto size = ::read(fd, bytes.data(), bytes.size());
    close(fd);
    // "pid (name) state ppid ...": a name may hold anything, ") " too
    const std::string_view text(bytes.data(), static_cast<size_t>(std::max<ssize_t>(size, 0)));
    const auto open = text.find('(');
    const auto shut = text.rfind(')');
    if (open == std::string_view::npos || shut == std::string_view::npos || shut + 2 > text.size()) continue;
    const auto rest = text.substr(shut + 2);
    all.push_back({pid, static_cast<pid_t>(field(rest, 1)), field(rest, 11) + field(rest, 12),
                   field(rest, 13) + field(rest, 14), false, std::string(text.substr(open + 1, shut - open - 1))});
  }
  closedir(entries);
  std::ranges::sort(all, {}, &Process::pid);
  mark_ours(all);
  return all;
}

// Parents usually have the lower number, so one round nearly does it; another where the numbers wrapped.
void CpuWatch::mark_ours(std::vector<Process>& all) const {
  for (bool more = true; more;) {
    more = false;
    for (auto& process : all) {
      if (process.ours) continue;
      const auto parent = std::ranges::lower_bound(all, process.parent, {}, &Process::pid);
      process.ours = process.pid == ours_ || (parent != all.end() && parent->pid == process.parent && parent->ours);
      more = more || process.ours;
    }
  }
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

const CpuWatch::Process* CpuWatch::find(const Snapshot& in, pid_t pid) {
  const auto at = std::ranges::lower_bound(in.all, pid, {}, &Process::pid);
  return at != in.all.end() && at->pid == pid ? &*at : nullptr;
}

// A process that ended has left its whole time in its parent's `children`, what was counted of it before included.
uint64_t CpuWatch::ours_since(const Snapshot& before, const Snapshot& now) {
  uint64_t own = 0;
  uint64_t waited_for = 0;
  uint64_t counted = 0;
  for (const auto& process : now.all) {
    if (!process.ours) continue;
    const auto* earlier = find(before, process.pid);
    own += since(process.own, earlier == nullptr ? 0 : earlier->own);
    waited_for += since(process.children, earlier == nullptr ? 0 : earlier->children);
  }
  for (const auto& process : before.all)
    if (process.ours && find(now, process.pid) == nullptr) counted += process.own + process.children;
  return own + since(waited_for, counted);
}

std::optional<CpuUse> CpuWatch::read() {
  auto now = counters();
  if (!now || !before_) return std::nullopt;
  CpuUse use;
  use.total = since(now->total, before_->total);
  if (use.total < min_ticks) return std::nullopt;
  now->all = processes();
  use.steal = since(now->steal, before_->steal);
  if (find(*now, ours_) != nullptr)
    use.other = std::min(use.total, since(since(now->processes, before_->processes), ours_since(*before_, *now)));
  others_.clear();
  for (const auto& process : now->all) {
    if (process.ours) continue;
    const auto* earlier = find(*before_, process.pid);
    if (const auto ticks = since(process.own, earlier == nullptr ? 0 : earlier->own); ticks != 0)
      others_.push_back({process.pid, process.name, ticks});
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
