#include "machine/system_profile.hpp"

#include <doctest/doctest.h>

#include <fstream>

namespace fs = std::filesystem;

namespace {

// A made-up root of a file system.
class FakeRoot {
 public:
  FakeRoot() { fs::remove_all(path_); }
  ~FakeRoot() { fs::remove_all(path_); }
  FakeRoot(const FakeRoot&) = delete;
  FakeRoot& operator=(const FakeRoot&) = delete;
  void add(const fs::path& file, const std::string& text) const {
    fs::create_directories((path_ / file).parent_path());
    std::ofstream(path_ / file) << text;
  }
  [[nodiscard]] nlohmann::json profile() const { return host::machine::system_profile(path_); }

 private:
  fs::path path_ = fs::temp_directory_path() / "sage-profile-test";
};

}  // namespace

TEST_CASE("a machine is described from its files") {
  const FakeRoot root;
  root.add("proc/cpuinfo", "processor\t: 0\nmodel name\t: Fast CPU @ 2.3GHz\n\nprocessor\t: 1\nmodel name\t: other\n");
  root.add("proc/meminfo", "MemTotal:       16333764 kB\nMemFree: 1 kB\n");
  root.add("etc/os-release", "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
  root.add("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
  root.add("proc/driver/nvidia/gpus/0/information", "Model: \t\t NVIDIA H100\nIRQ: 1\n");
  root.add("proc/driver/nvidia/gpus/1/information", "Model: \t\t NVIDIA H100\nIRQ: 2\n");
  const auto profile = root.profile();
  CHECK(profile["cpu_model"] == "Fast CPU @ 2.3GHz");
  CHECK(profile["cores"] == 2);
  CHECK(profile["memory_gb"] == 15.58);
  CHECK(profile["distribution"] == "Debian GNU/Linux 12 (bookworm)");
  CHECK(profile["governor"] == "performance");
  CHECK(profile["gpu"] == "NVIDIA H100 (+1 more)");
}

TEST_CASE("the CPU's threads, clock and place are described") {
  const FakeRoot root;
  root.add("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu tsc hypervisor lahf_lm\n");
  root.add("proc/meminfo", "MemTotal: 1 kB\nSwapTotal: 2097152 kB\n");
  root.add("proc/self/status", "Name:\tx\nCpus_allowed:\tf\nCpus_allowed_list:\t0-2,8\n");
  const std::filesystem::path cpu = "sys/devices/system/cpu";
  root.add(cpu / "smt/active", "1\n");
  root.add(cpu / "isolated", "2-3\n");
  root.add(cpu / "cpu0/topology/thread_siblings_list", "0,4\n");
  for (const auto* package : {"cpu0/topology/physical_package_id", "cpu1/topology/physical_package_id"})
    root.add(cpu / package, "0\n");
  root.add(cpu / "cpu2/topology/physical_package_id", "1\n");
  root.add(cpu / "cpu0/cpufreq/scaling_driver", "intel_pstate\n");
  root.add(cpu / "cpu0/cpufreq/scaling_max_freq", "3400000\n");
  root.add(cpu / "intel_pstate/no_turbo", "1\n");
  root.add("sys/devices/system/node/node0/cpulist", "0-1\n");
  root.add("sys/devices/system/node/node1/cpulist", "2-3\n");
  root.add("sys/devices/system/node/online", "0-1\n");
  root.add("sys/class/dmi/id/product_name", "Standard PC (Q35)\n");
  root.add("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
  root.add("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  const auto profile = root.profile();
  CHECK(profile["smt"] == true);
  CHECK(profile["threads_per_core"] == 2);
  CHECK(profile["sockets"] == 2);
  CHECK(profile["numa_nodes"] == 2);
  CHECK(profile["frequency_driver"] == "intel_pstate");
  CHECK(profile["frequency_max_mhz"] == 3400);
  CHECK(profile["turbo"] == false);
  CHECK(profile["affinity"] == "0-2,8");
  CHECK(profile["isolated_cpus"] == "2-3");
  CHECK(profile["hypervisor"] == true);
  CHECK(profile["product"] == "Standard PC (Q35)");
  CHECK(profile["clock_source"] == "tsc");
  CHECK(profile["huge_pages"] == "madvise");
  CHECK(profile["swap_gb"] == 2);
}

TEST_CASE("a processor's own word on being virtual is taken whole, and turbo from whichever driver there is") {
  const FakeRoot root;
  root.add("proc/cpuinfo", "processor : 0\nflags : hypervisors tsc\n");
  root.add("sys/devices/system/cpu/cpufreq/boost", "1\n");
  CHECK(root.profile()["hypervisor"] == false);
  CHECK(root.profile()["turbo"] == true);
}

TEST_CASE("the tightest limit of the control groups above a process counts") {
  const FakeRoot root;
  root.add("proc/self/cgroup", "0::/outer/inner\n");
  root.add("sys/fs/cgroup/outer/cpu.max", "150000 100000\n");
  root.add("sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
  root.add("sys/fs/cgroup/outer/memory.max", "max\n");
  root.add("sys/fs/cgroup/outer/inner/memory.max", "536870912\n");
  CHECK(root.profile()["cpu_limit"] == 1.5);
  CHECK(root.profile()["memory_limit_gb"] == 0.5);
}

TEST_CASE("what cannot be read is null") {
  const FakeRoot root;
  const auto profile = root.profile();
  for (const auto* key : {"cpu_model",
                          "cores",
                          "memory_gb",
                          "gpu",
                          "governor",
                          "frequency_driver",
                          "frequency_max_mhz",
                          "turbo",
                          "smt",
                          "threads_per_core",
                          "sockets",
                          "numa_nodes",
                          "affinity",
                          "isolated_cpus",
                          "hypervisor",
                          "product",
                          "clock_source",
                          "huge_pages",
                          "swap_gb",
                          "cpu_limit",
                          "memory_limit_gb"})
    CHECK_MESSAGE(profile[key].is_null(), key);
  CHECK(profile["hostname"].is_string());
  CHECK(profile["host_version"].is_string());
}
