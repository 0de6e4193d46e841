#include "machine/tasks.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace host::machine {
namespace {

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

pid_t id_named(const char* name) {
  const std::string_view text(name);
  pid_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc{} && end == text.data() + text.size() ? id : 0;
}

// The stat files of a folder of numbers: /proc, or a process's task.
Tasks read_folder(const std::filesystem::path& folder) {
  Tasks all;
  DIR* entries = opendir(folder.c_str());
  if (entries == nullptr) return all;
  while (const auto* entry = readdir(entries)) {  // NOLINT(concurrency-mt-unsafe): of this thread alone
    const auto id = id_named(entry->d_name);
    if (id == 0) continue;
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
    all.push_back({id, static_cast<pid_t>(field(rest, 1)), field(rest, 11) + field(rest, 12),
                   field(rest, 13) + field(rest, 14), false, std::string(text.substr(open + 1, shut - open - 1))});
  }
  closedir(entries);
  std::ranges::sort(all, {}, &Task::id);
  return all;
}

}  // namespace

Tasks read_processes(const std::filesystem::path& root, pid_t ours) {
  auto all = read_folder(root / "proc");
  // Parents usually have the lower number, so one round nearly does it; another where the numbers wrapped.
  for (bool more = true; more;) {
    more = false;
    for (auto& process : all) {
      if (process.ours) continue;
      const auto* parent = find_task(all, process.parent);
      process.ours = process.id == ours || (parent != nullptr && parent->ours);
      more = more || process.ours;
    }
  }
  return all;
}

Tasks read_threads(const std::filesystem::path& root, pid_t process) {
  return read_folder(root / "proc" / std::to_string(process) / "task");
}

const Task* find_task(const Tasks& in, pid_t id) {
  const auto at = std::ranges::lower_bound(in, id, {}, &Task::id);
  return at != in.end() && at->id == id ? &*at : nullptr;
}

uint64_t own_since(const Tasks& before, const Task& now) {
  const auto* earlier = find_task(before, now.id);
  return since(now.own, earlier == nullptr ? 0 : earlier->own);
}

// A process that ended has left its whole time in its parent's `children`, what was counted of it before included.
uint64_t ours_since(const Tasks& before, const Tasks& now) {
  uint64_t own = 0;
  uint64_t waited_for = 0;
  uint64_t counted = 0;
  for (const auto& process : now) {
    if (!process.ours) continue;
    const auto* earlier = find_task(before, process.id);
    own += own_since(before, process);
    waited_for += since(process.children, earlier == nullptr ? 0 : earlier->children);
  }
  for (const auto& process : before)
    if (process.ours && find_task(now, process.id) == nullptr) counted += process.own + process.children;
  return own + since(waited_for, counted);
}

}  // namespace host::machine
