#include "machine/harness_share.hpp"

#include <doctest/doctest.h>

#include "fake_proc.hpp"

using namespace host::machine;

namespace {

constexpr int ours = 100;
constexpr int guard = 110;
constexpr int driver = 120;
constexpr int worker = 130;

// The host, a bridge's guard, its driver of two threads and a worker of the runtime; and a neighbour.
struct Fixture : FakeProc {
  Fixture() {
    processes[1] = {.parent = 0, .own = 9'000};
    processes[ours] = {.parent = 1, .own = 50};
    processes[guard] = {.parent = ours};
    processes[driver] = {.parent = guard, .own = 300, .threads = {{driver, 200}, {121, 100}}};
    processes[worker] = {.parent = driver, .own = 70};
  }
  // With a driver whose operators took so long in it until now; negative: they run elsewhere.
  CpuReading read(double at_s, uint64_t requests = 0, double operators_s = -1) {
    write();
    Driver of{driver, {}};
    if (operators_s >= 0) of.operator_cpu_s = operators_s;
    return read_cpu(root(), ours, {of}, at_s, requests);
  }
  void drive(uint64_t main_ticks, uint64_t other_ticks) {
    auto& of = processes[driver];
    of.own += main_ticks + other_ticks;
    of.threads[driver] += main_ticks;
    of.threads[121] += other_ticks;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "CPU time is the host's, its driver's, or the runtime's") {
  const auto begin = read(10, 1'000);
  processes[1].own += 5'000;
  processes[ours].own += 40;
  drive(80, 20);
  processes[worker].own += 200;
  processes[140] = {.parent = worker, .own = 60};  // started meanwhile
  const auto share = harness_share(ours, begin, read(14, 3'000));
  CHECK(share["window_s"] == 4);
  CHECK(share["requests"] == 2'000);
  CHECK(share["host_cpu_s"] == 0.4);
  CHECK(share["driver_cpu_s"] == 1);
  CHECK(share["operators_in_driver_cpu_s"].is_null());
  CHECK(share["runtime_cpu_s"] == 2.6);
  CHECK(share["share"].get<double>() == doctest::Approx(1.4 / 4));
  CHECK(share["host_cpu_us_per_request"].get<double>() == doctest::Approx(200));
  CHECK(share["driver_cpu_us_per_request"].get<double>() == doctest::Approx(500));
  CHECK(share["runtime_cpu_us_per_request"].get<double>() == doctest::Approx(1'300));
  CHECK(share["driver_busiest_thread"].get<double>() == doctest::Approx(0.2));
  CHECK(share["driver_core_share"] == share["driver_busiest_thread"]);
  CHECK(share["limited_by_driver"] == false);
  CHECK(share["limit"].is_null());
  CHECK(share["reason"].is_null());
}

TEST_CASE_FIXTURE(Fixture, "processes that end or lose their parent are counted once") {
  processes[140] = {.parent = worker, .own = 500};
  processes[150] = {.parent = worker, .own = 10};
  const auto begin = read(0);
  processes.erase(140);  // after 30 ticks more; the worker waited for it
  processes[worker].children += 530;
  processes.erase(worker);  // after 5 more; the driver waited for it
  processes[driver].children += 70 + 5 + 530;
  processes[150] = {.parent = guard, .own = 17};  // orphaned: the guard's now
  const auto share = harness_share(ours, begin, read(2));
  CHECK(share["runtime_cpu_s"] == 0.42);
  CHECK(share["driver_cpu_s"] == 0);
}

TEST_CASE_FIXTURE(Fixture, "a driver whose busiest thread has a core to itself is the run's limit") {
  const auto begin = read(0);
  drive(190, 150);
  const auto limited = harness_share(ours, begin, read(2));
  CHECK(limited["limited_by_driver"] == true);
  CHECK(limited["limit"] == "the driver's busiest thread used 95 % of a core");
  CHECK_FALSE(harness_share(ours, begin, read(2.2))["limited_by_driver"].get<bool>());
}

TEST_CASE_FIXTURE(Fixture, "what threads had used that ended is the driver's, and theirs alone") {
  const auto begin = read(0);
  drive(20, 190);
  processes[driver].threads.erase(121);
  processes[driver].threads[122] = 30;
  processes[driver].own += 30;
  const auto share = harness_share(ours, begin, read(2));
  CHECK(share["driver_cpu_s"] == 2.4);
  CHECK(share["driver_busiest_thread"].get<double>() == doctest::Approx(0.15));
  CHECK(share["limited_by_driver"] == false);
}

TEST_CASE_FIXTURE(Fixture, "operators in the driver are the runtime's work; the threads beside share one lock") {
  const auto begin = read(0, 0, 7);
  drive(200, 180);
  const auto busy = harness_share(ours, begin, read(2, 0, 7 + 3.2));
  CHECK(busy["driver_cpu_s"].get<double>() == doctest::Approx(0.6));
  CHECK(busy["operators_in_driver_cpu_s"].get<double>() == doctest::Approx(3.2));
  CHECK(busy["runtime_cpu_s"] == 0);
  CHECK(busy["share"].get<double>() == doctest::Approx(0.6 / 3.8));
  CHECK(busy["driver_busiest_thread"] == 1);
  CHECK(busy["driver_core_share"].get<double>() == doctest::Approx(0.3));
  CHECK(busy["limited_by_driver"] == false);
  const auto idle = harness_share(ours, begin, read(2, 0, 7 + 1.9));
  CHECK(idle["driver_core_share"].get<double>() == doctest::Approx(0.95));
  CHECK(idle["limit"] == "the driver used 95 % of a core beside the operators that it executes");
  // What a broken driver says of its operators is at most what it used.
  CHECK(harness_share(ours, begin, read(2, 0, 1e30))["driver_cpu_s"] == 0);
}

TEST_CASE_FIXTURE(Fixture, "of several drivers the one nearest to its limit counts, and all of their time") {
  processes[160] = {.parent = guard, .own = 0, .threads = {{160, 0}}};
  const auto read_both = [&](double at_s) {
    write();
    return read_cpu(root(), ours, {{driver, {}}, {160, {}}}, at_s, 0);
  };
  const auto begin = read_both(0);
  drive(100, 10);
  processes[160].own += 195;
  processes[160].threads[160] += 195;
  const auto share = harness_share(ours, begin, read_both(2));
  CHECK(share["driver_cpu_s"] == 3.05);
  CHECK(share["driver_core_share"] == 0.975);
  CHECK(share["limited_by_driver"] == true);
}

TEST_CASE_FIXTURE(Fixture, "without a driver the backend's time is the host's, and no share says anything") {
  write();
  const auto begin = read_cpu(root(), ours, {}, 0, 0);
  processes[ours].own += 150;
  processes[guard].own += 10;
  write();
  const auto share = harness_share(ours, begin, read_cpu(root(), ours, {}, 2, 100));
  CHECK(share["host_cpu_s"] == 1.5);
  CHECK(share["runtime_cpu_s"] == 0.1);
  for (const auto* name : {"driver_cpu_s", "share", "driver_busiest_thread", "driver_core_share"})
    CHECK(share[name].is_null());
  CHECK(share["limited_by_driver"] == false);
  CHECK(share["reason"].get<std::string>().find("no driver") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a driver that is not the run's, or that was not there all the time, is not measured") {
  const auto begin = read(0);
  processes[ours].own += 100;
  processes[driver].parent = 1;
  const auto strange = harness_share(ours, begin, read(2));
  CHECK(strange["host_cpu_s"] == 1);
  CHECK(strange["driver_cpu_s"].is_null());
  CHECK(strange["runtime_cpu_s"].is_null());
  CHECK(strange["reason"].get<std::string>().find("process 120") != std::string::npos);
  processes.erase(driver);
  CHECK(harness_share(ours, begin, read(2))["share"].is_null());
}

TEST_CASE_FIXTURE(Fixture, "nothing is measured in a short window, or where this process cannot be seen") {
  const auto begin = read(0);
  const auto end = read(0.9);
  CHECK(harness_share(ours, begin, end)["reason"].get<std::string>().find("too short") != std::string::npos);
  CHECK(harness_share(ours, begin, end)["host_cpu_s"].is_null());
  CHECK(harness_share(4711, begin, read(2))["host_cpu_s"].is_null());
}
