#include "machine/system_profile.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/git_revision.hpp"
#include "base/json_fields.hpp"
#include "machine/machine_files.hpp"

namespace host::machine {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr double kb_per_gb = 1024.0 * 1024.0;

Json rounded(std::optional<double> value) {
  if (value) value = std::round(*value * 100) / 100;
  return base::or_null(value);
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

// CPU packages; 0 = not readable.
size_t sockets(const fs::path& root) {
  std::set<std::string> packages;
  for (const auto& cpu : entries(root / "sys/devices/system/cpu"))
    if (auto package = line_of(cpu / "topology/physical_package_id"); !package.empty())
      packages.insert(std::move(package));
  return packages.size();
}

size_t numa_nodes(const fs::path& root) {
  const auto nodes = entries(root / "sys/devices/system/node");
  return static_cast<size_t>(std::ranges::count_if(nodes, [](const fs::path& node) {
    const auto name = node.filename().string();
    return name.starts_with("node") && name.size() > 4 && std::isdigit(static_cast<unsigned char>(name[4])) != 0;
  }));
}

// May the CPU clock itself higher than nominal for as long as it stays cool? By the driver that there is.
Json turbo(const fs::path& root) {
  const auto folder = root / "sys/devices/system/cpu";
  if (const auto off = line_of(folder / "intel_pstate/no_turbo"); !off.empty()) return off == "0";
  if (const auto on = line_of(folder / "cpufreq/boost"); !on.empty()) return on == "1";
  return nullptr;
}

// Does the CPU say that it is a virtual machine's? Only x86 does.
Json hypervisor(const fs::path& root) {
  const auto flags = value_of(root / "proc/cpuinfo", "flags", ':');
  if (flags.empty()) return nullptr;
  return (" " + flags + " ").find(" hypervisor ") != std::string::npos;
}

Json count_or_null(size_t count) { return count == 0 ? Json(nullptr) : Json(count); }

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
  const auto limits = control_group(root);
  const auto n_cores = cores(root);
  const auto smt = smt_active(root);
  const auto swap_kb = number_in(value_of(root / "proc/meminfo", "SwapTotal", ':'));
  const auto cpu = root / "sys/devices/system/cpu";
  const auto mhz = [](std::optional<double> khz) { return khz ? std::optional(*khz / 1000) : std::nullopt; };
  const auto gb = [](std::optional<double> kb) { return kb ? std::optional(*kb / kb_per_gb) : std::nullopt; };
  return {
      {"hostname", base::or_null(system.nodename)},
      {"os", fmt::format("{} {}", system.sysname, system.release)},
      {"distribution", base::or_null(value_of(root / "etc/os-release", "PRETTY_NAME", '='))},
      {"kernel", base::or_null(system.release)},
      {"arch", base::or_null(system.machine)},
      {"cpu_model", base::or_null(value_of(root / "proc/cpuinfo", "model name", ':'))},
      {"cores", n_cores ? Json(static_cast<int64_t>(*n_cores)) : Json(nullptr)},
      {"memory_gb", rounded(gb(memory_kb))},
      {"gpu", gpu(root)},
      {"governor", base::or_null(line_of(cpu / "cpu0/cpufreq/scaling_governor"))},
      {"frequency_driver", base::or_null(line_of(cpu / "cpu0/cpufreq/scaling_driver"))},
      {"frequency_max_mhz", rounded(mhz(number_in(line_of(cpu / "cpu0/cpufreq/scaling_max_freq"))))},
      {"turbo", turbo(root)},
      {"smt", smt ? Json(*smt) : Json(nullptr)},
      {"threads_per_core", count_or_null(count_in_list(line_of(cpu / "cpu0/topology/thread_siblings_list")))},
      {"sockets", count_or_null(sockets(root))},
      {"numa_nodes", count_or_null(numa_nodes(root))},
      {"affinity", base::or_null(value_of(root / "proc/self/status", "Cpus_allowed_list", ':'))},
      {"isolated_cpus", base::or_null(line_of(cpu / "isolated"))},
      {"hypervisor", hypervisor(root)},
      {"product", base::or_null(line_of(root / "sys/class/dmi/id/product_name"))},
      {"clock_source",
       base::or_null(line_of(root / "sys/devices/system/clocksource/clocksource0/current_clocksource"))},
      {"huge_pages", base::or_null(choice_in(line_of(root / "sys/kernel/mm/transparent_hugepage/enabled")))},
      {"swap_gb", rounded(gb(swap_kb))},
      {"cpu_limit", rounded(limits.cores)},
      {"memory_limit_gb", rounded(limits.memory_gb)},
      {"compiler", compiler()},
      {"host_version", SAGE_HOST_VERSION},
      {"git_revision", base::git_revision == nullptr ? Json(nullptr) : Json(base::git_revision)},
  };
}

}  // namespace host::machine
