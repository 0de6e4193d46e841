#include "records/system_profile.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace host {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr double bytes_per_gb = 1024.0 * 1024.0 * 1024.0;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\n\"");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\n\"") - first + 1);
}

// The first line of a file; empty if there is none.
std::string line_of(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return trimmed(line);
}

// The value of the first "key<separator>value" line.
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

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
Json rounded_or_null(std::optional<double> value) {
  return value ? Json(std::round(*value * 100) / 100) : Json(nullptr);
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::error_code ignored;  // a folder that is missing has no entries
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<double> cores(const fs::path& root) {
  std::ifstream in(root / "proc/cpuinfo");
  double count = 0;
  for (std::string line; std::getline(in, line);) count += line.starts_with("processor") ? 1 : 0;
  if (count == 0) return std::nullopt;
  return count;
}

Json gpu(const fs::path& root) {
  std::vector<std::string> names;
  for (const auto& card : entries(root / "proc/driver/nvidia/gpus"))
    if (auto name = value_of(card / "information", "Model", ':'); !name.empty()) names.push_back(std::move(name));
  for (const auto& card : entries(root / "sys/class/drm"))  // amdgpu names its cards here
    if (auto name = line_of(card / "device/product_name"); !name.empty()) names.push_back(std::move(name));
  if (names.empty()) return nullptr;
  return names.size() == 1 ? names[0] : fmt::format("{} (+{} more)", names[0], names.size() - 1);
}

struct Limits {
  std::optional<double> cores;
  std::optional<double> memory_gb;
};

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

// The tightest limit of this process's control group and those above it (cgroup v2), or the container's own (v1).
Limits control_group_limits(const fs::path& root) {
  Limits limits;
  const auto mount = root / "sys/fs/cgroup";
  fs::path group;
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("0::/")) group = line.substr(4);
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
  return limits;
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

}  // namespace

Json system_profile(const fs::path& root) {
  utsname system{};
  uname(&system);
  const auto memory_kb = number_in(value_of(root / "proc/meminfo", "MemTotal", ':'));
  const auto limits = control_group_limits(root);
  const auto n_cores = cores(root);
  return {
      {"hostname", text_or_null(system.nodename)},
      {"os", fmt::format("{} {}", system.sysname, system.release)},
      {"distribution", text_or_null(value_of(root / "etc/os-release", "PRETTY_NAME", '='))},
      {"kernel", text_or_null(system.release)},
      {"arch", text_or_null(system.machine)},
      {"cpu_model", text_or_null(value_of(root / "proc/cpuinfo", "model name", ':'))},
      {"cores", n_cores ? Json(static_cast<int64_t>(*n_cores)) : Json(nullptr)},
      {"memory_gb", rounded_or_null(memory_kb ? std::optional(*memory_kb * 1024 / bytes_per_gb) : std::nullopt)},
      {"gpu", gpu(root)},
      {"governor", text_or_null(line_of(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"))},
      {"cpu_limit", rounded_or_null(limits.cores)},
      {"memory_limit_gb", rounded_or_null(limits.memory_gb)},
      {"compiler", compiler()},
      {"host_version", SAGE_HOST_VERSION},
#ifdef SAGE_GIT_REVISION
      {"git_revision", SAGE_GIT_REVISION},
#else
      {"git_revision", nullptr},
#endif
  };
}

}  // namespace host
