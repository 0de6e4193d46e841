#include "machine/cpu_watch.hpp"

#include <doctest/doctest.h>

#include "fake_proc.hpp"

using namespace host;
using namespace host::machine;

namespace {

constexpr int ours = 100;

struct Fixture : FakeProc {
  Fixture() {
    processes[1] = {.parent = 0};
    processes[ours] = {.parent = 1, .own = 50};
    processes[200] = {.parent = 1, .own = 7'000, .name = "busy"};
    cpus = {{{.user = 5'000, .idle = 9'000, .steal = 30}, {.user = 100, .idle = 12'000}}};
    write();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "CPU time is the hypervisor's, ours, or others'") {
  CpuWatch watch(root(), ours, {});
  processes[ours].own += 30;
  processes[200].own += 20;
  processes[300] = {.parent = 1, .own = 5, .name = "new"};
  pass(100, 55, 3);
  write();
  const auto use = watch.read();
  REQUIRE(use);
  CHECK(use->total == 200);
  CHECK(use->steal == 3);
  CHECK(use->other == 25);
  CHECK(watch.busiest_others(3).size() == 2);
  const auto busiest = watch.busiest_others(1);
  REQUIRE(busiest.size() == 1);
  CHECK(busiest[0].pid == 200);
  CHECK(busiest[0].name == "busy");
  CHECK(busiest[0].ticks == 20);
}

TEST_CASE_FIXTURE(Fixture,
                  "what a run's processes start is the run's, in any order of numbers and in names of any kind") {
  processes[500] = {.parent = ours};
  processes[40] = {.parent = 500};  // numbers wrapped
  processes[30] = {.parent = 40, .name = "a) S 1 (b"};
  write();
  CpuWatch watch(root(), ours, {});
  processes[30].own += 60;
  processes[501] = {.parent = 500, .own = 20};  // started meanwhile
  pass(100, 80);
  write();
  const auto use = watch.read();
  REQUIRE(use);
  CHECK(use->other == 0);
  CHECK(watch.busiest_others(3).empty());
}

TEST_CASE_FIXTURE(Fixture, "a process of ours that ends is not counted twice") {
  processes[500] = {.parent = ours, .own = 1'000};
  write();
  CpuWatch watch(root(), ours, {});
  processes.erase(500);  // after 10 ticks more; its parent waited for it
  processes[ours].children += 1'010;
  processes[200].own += 40;
  pass(100, 50);
  write();
  const auto use = watch.read();
  REQUIRE(use);
  CHECK(use->other == 40);
}

TEST_CASE_FIXTURE(Fixture, "others count that came and went unseen, interrupts do not") {
  CpuWatch watch(root(), ours, {});
  cpus[1].softirq += 25;
  pass(100, 15);
  write();
  const auto use = watch.read();
  REQUIRE(use);
  CHECK(use->other == 15);
  CHECK(use->total == 225);
  CHECK(watch.busiest_others(3).empty());
}

TEST_CASE_FIXTURE(Fixture, "only the CPUs count that the run may use") {
  CpuWatch watch(root(), ours, {1});
  pass(100, 90, 10);  // all of it on CPU 0
  write();
  const auto use = watch.read();
  REQUIRE(use);
  CHECK(use->total == 100);
  CHECK(use->steal == 0);
  CHECK(use->other == 0);
}

TEST_CASE_FIXTURE(Fixture, "too short a time gives no reading, and is part of the next") {
  CpuWatch watch(root(), ours, {});
  pass(30, 10, 2);
  write();
  CHECK_FALSE(watch.read());
  CHECK(watch.readable());
  pass(30, 0, 2);
  write();
  const auto use = watch.read();
  REQUIRE(use);
  CHECK(use->total == 120);
  CHECK(use->steal == 4);
  CHECK(use->other == 10);
}

TEST_CASE("without /proc nothing is read") {
  CpuWatch watch("/nonexistent", ours, {});
  CHECK_FALSE(watch.readable());
  CHECK_FALSE(watch.read());
}

TEST_CASE_FIXTURE(Fixture, "where this process is not to be found, others are not known") {
  CpuWatch watch(root(), 12345, {});
  pass(100, 50, 3);
  write();
  const auto use = watch.read();
  REQUIRE(use);
  CHECK(use->steal == 3);
  CHECK_FALSE(use->other.has_value());
}
