#include "machine/machine_files.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace host::machine {
namespace {

namespace fs = std::filesystem;

constexpr double bytes_per_gb = 1024.0 * 1024.0 * 1024.0;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\n\"");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\n\"") - first + 1);
}

void lower(std::optional<double>& limit, std::optional<double> other) {
  if (other && (!limit || *other < *limit)) limit = other;
}

// "<quota us> <period us>", or "max <period>" for none.
std::optional<double> cpu_max(const std::string& text) {
  std::istringstream in(text);
  double quota = 0;
  double period = 0;
  if (in >> quota >> period && quota > 0 && period > 0) return quota / period;
  return std::nullopt;
}

}  // namespace

std::string line_of(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return trimmed(line);
}

std::string value_of(const fs::path& file, std::string_view key, char separator) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto at = line.find(separator);
    if (at != std::string::npos && trimmed(line.substr(0, at)) == key) return trimmed(line.substr(at + 1));
  }
  return "";
}

std::optional<double> number_in(const std::string& text) {
  std::istringstream in(text);
  double value = 0;
  if (in >> value) return value;
  return std::nullopt;
}

unsigned count_in_list(const std::string& list) {
  std::istringstream in(list);
  unsigned count = 0;
  for (std::string range; std::getline(in, range, ',');) {
    std::istringstream words(range);
    unsigned first = 0;
    unsigned last = 0;
    char dash = 0;
    if (!(words >> first)) return 0;
    count += words >> dash >> last && last >= first ? last - first + 1 : 1;
  }
  return count;
}

std::string choice_in(const std::string& text) {
  const auto open = text.find('[');
  const auto shut = text.find(']', open);
  return open == std::string::npos || shut == std::string::npos ? "" : text.substr(open + 1, shut - open - 1);
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

ControlGroup control_group(const fs::path& root) {
  ControlGroup limits;
  const auto mount = root / "sys/fs/cgroup";
  fs::path group;
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("0::/")) group = line.substr(4);
  auto statistics = mount / group / "cpu.stat";
  for (;; group = group.parent_path()) {
    lower(limits.cores, cpu_max(line_of(mount / group / "cpu.max")));
    if (const auto bytes = number_in(line_of(mount / group / "memory.max")))
      lower(limits.memory_gb, *bytes / bytes_per_gb);
    if (group.empty()) break;
  }
  lower(limits.cores,
        cpu_max(line_of(mount / "cpu/cpu.cfs_quota_us") + " " + line_of(mount / "cpu/cpu.cfs_period_us")));
  const auto v1_bytes = number_in(line_of(mount / "memory/memory.limit_in_bytes"));
  if (v1_bytes && *v1_bytes < 1e18) lower(limits.memory_gb, *v1_bytes / bytes_per_gb);  // v1 spells "none" as 2^63
  if (!limits.cores) return limits;
  if (!fs::exists(statistics)) statistics = mount / "cpu/cpu.stat";
  if (const auto periods = number_in(value_of(statistics, "nr_throttled", ' ')))
    limits.throttled_periods = static_cast<uint64_t>(*periods);
  return limits;
}

std::optional<double> memory_gb(const fs::path& root) {
  auto memory = control_group(root).memory_gb;
  if (const auto kb = number_in(value_of(root / "proc/meminfo", "MemTotal", ':')))
    lower(memory, *kb * 1024 / bytes_per_gb);
  return memory;
}

std::optional<bool> smt_active(const fs::path& root) {
  const auto text = line_of(root / "sys/devices/system/cpu/smt/active");
  if (text.empty()) return std::nullopt;
  return text == "1";
}

std::optional<double> swap_used_kb(const fs::path& root) {
  const auto total = number_in(value_of(root / "proc/meminfo", "SwapTotal", ':'));
  const auto free = number_in(value_of(root / "proc/meminfo", "SwapFree", ':'));
  if (!total || !free) return std::nullopt;
  return *total - *free;
}

}  // namespace host::machine
