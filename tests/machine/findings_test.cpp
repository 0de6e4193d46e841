#include "machine/findings.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

using namespace host;
using namespace host::machine;
namespace fs = std::filesystem;

namespace {

Machine quiet() {
  Machine m;
  m.cores = 8;
  m.load_1min = 0.2;
  m.clock_source = "tsc";
  m.governor = "performance";
  m.huge_pages = "madvise";
  m.smt = false;
  m.swap_used_mb = 0;
  m.thermal_throttles = 0;
  m.cpu_pressure = 0.01;
  m.use = CpuUse{.total = 800, .steal = 0, .other = 4};
  m.timer = {20'000, 90'000};
  return m;
}

Finding finding(const Machine& machine, const std::string& what) {
  const auto all = machine_findings(machine);
  const auto at = std::ranges::find(all, what, &Finding::what);
  REQUIRE_MESSAGE(at != all.end(), what);
  return *at;
}

// The finding is a warning whose text has the fact and the remedy.
void check_warns(const Machine& machine, const std::string& what, const std::string& fact, const std::string& remedy) {
  const auto found = finding(machine, what);
  CAPTURE(found.detail);
  CHECK(std::string(found.state) == "warn");
  CHECK(found.detail.find(fact) == 0);
  CHECK(found.detail.find(remedy) != std::string::npos);
}

}  // namespace

TEST_CASE("nothing of a quiet machine is worth a warning") {
  for (const auto& f : machine_findings(quiet()))
    if (f.what != "build") CHECK_MESSAGE(std::string(f.state) == "ok", f.what << ": " << f.detail);
}

TEST_CASE("what disturbs a measurement is named with its remedy") {
  auto m = quiet();
  m.smt = true;
  check_warns(m, "SMT", "on;", "smt/control");
  m.governor = "powersave";
  check_warns(m, "CPU governor", "powersave;", "cpupower");
  m.thermal_throttles = 12;
  check_warns(m, "thermal throttling", "12 since boot;", "cool");
  m.use = CpuUse{.total = 200, .steal = 9, .other = 80};
  m.busiest = {{4711, "cc1plus", 60}, {12, "kswapd0", 10}};
  check_warns(m, "steal time", "4.5 %;", "dedicated");
  check_warns(m, "other processes", "40.0 % of CPU time: cc1plus (pid 4711) 30.0 %, kswapd0 (pid 12) 5.0 %;",
              "end them");
  m.cpu_pressure = 0.4;
  check_warns(m, "CPU pressure", "40.0 % of 10 s;", "more to run than CPUs");
  m.load_1min = 6;
  check_warns(m, "load average", "6.00;", "end them");
  m.swap_used_mb = 300;
  check_warns(m, "swap", "300 MB in use;", "swapoff");
  m.huge_pages = "always";
  check_warns(m, "transparent huge pages", "always;", "madvise");
  m.cpu_limit = 1.5;
  m.throttled_periods = 4;
  check_warns(m, "CPU quota", "1.50 cores, used up 4 times;", "raise its CPU limit");
}

TEST_CASE("what cannot be read is said, and is no warning") {
  Machine nothing;
  nothing.cores = 2;
  for (const auto* what : {"SMT", "CPU governor", "thermal throttling", "steal time", "other processes", "CPU pressure",
                           "swap", "transparent huge pages", "clock source"}) {
    const auto found = finding(nothing, what);
    CHECK_MESSAGE(std::string(found.state) == "ok", what);
    CHECK_MESSAGE(found.detail.starts_with("not readable"), what);
  }
}

TEST_CASE("the machine's state is read from its files") {
  const auto root = fs::temp_directory_path() / "sage-doctor-test";
  fs::remove_all(root);
  const auto add = [&](const fs::path& file, const std::string& text) {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  };
  CHECK_FALSE(read_machine(root).thermal_throttles.has_value());
  add("proc/loadavg", "2.25 1.0 0.5 3/90 1234\n");
  add("proc/meminfo", "MemTotal: 100 kB\nSwapTotal: 4096 kB\nSwapFree: 1024 kB\n");
  add("proc/pressure/cpu", "some avg10=12.50 avg60=1.00 avg300=0.00 total=77\nfull avg10=0.00\n");
  add("proc/self/cgroup", "0::/box\n");
  add("sys/fs/cgroup/box/cpu.max", "150000 100000\n");
  add("sys/fs/cgroup/box/cpu.stat", "usage_usec 5\nnr_periods 10\nnr_throttled 3\n");
  add("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
  add("sys/devices/system/cpu/smt/active", "1\n");
  add("sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "2\n");
  add("sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "3\n");
  add("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
  const auto m = read_machine(root);
  CHECK(m.load_1min == 2.25);
  CHECK(m.swap_used_mb == 3);
  CHECK(m.cpu_pressure == 0.125);
  CHECK(m.cpu_limit == 1.5);
  CHECK(m.throttled_periods == 3);
  CHECK(m.huge_pages == "always");
  CHECK(m.smt == true);
  CHECK(m.thermal_throttles == 5);
  CHECK(m.governor == "powersave");
  fs::remove_all(root);
}
