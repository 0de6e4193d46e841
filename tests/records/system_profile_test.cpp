#include "records/system_profile.hpp"

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
  [[nodiscard]] nlohmann::json profile() const { return host::system_profile(path_); }

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
  for (const auto* key : {"cpu_model", "cores", "memory_gb", "gpu", "governor", "cpu_limit", "memory_limit_gb"})
    CHECK_MESSAGE(profile[key].is_null(), key);
  CHECK(profile["hostname"].is_string());
  CHECK(profile["host_version"].is_string());
}
