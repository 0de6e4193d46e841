#include "machine/noise.hpp"

#include <doctest/doctest.h>

#include "fake_proc.hpp"

using namespace host;
using namespace host::machine;

namespace {

constexpr int ours = 100;

// Intervals of a second on two CPUs: 200 ticks.
struct Fixture : FakeProc {
  Fixture() {
    processes[ours] = {};
    write();
  }
  std::optional<CpuUse> second(Noise& noise, uint64_t others = 0, uint64_t steal = 0, bool warmup = false) {
    pass(100, others, steal);
    write();
    return noise.interval(warmup);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a quiet run is not noisy") {
  Noise noise(root(), ours, {});
  for (int i = 0; i < 5; ++i) CHECK_FALSE(is_noisy(*second(noise, 10, 2)));  // exactly at the thresholds
  for (int i = 0; i < 2000; ++i) noise.overslept(i * 100);
  const auto record = noise.conclude();
  CHECK(record["noisy"] == false);
  CHECK(record["reasons"].empty());
  CHECK(record["intervals"] == 5);
  CHECK(record["noisy_intervals"] == 0);
  CHECK(record["steal_share"] == doctest::Approx(0.01));
  CHECK(record["other_cpu_share"] == doctest::Approx(0.05));
  CHECK(record["load_1min_before"] == 1.5);
  CHECK(record["load_1min_after"] == 1.5);
  CHECK(record["timer_overshoot_p99_us"].get<double>() == doctest::Approx(198).epsilon(0.01));
  CHECK(record["unmeasured"].is_null());
}

TEST_CASE_FIXTURE(Fixture, "a noisy run says what disturbed it, how much and for how long") {
  Noise noise(root(), ours, {});
  for (int i = 0; i < 16; ++i) second(noise);
  for (int i = 0; i < 3; ++i) CHECK(is_noisy(*second(noise, 0, 6)));
  CHECK(is_noisy(*second(noise, 30, 10)));
  const auto record = noise.conclude();
  CHECK(record["noisy"] == true);
  CHECK(record["noisy_intervals"] == 4);
  CHECK(record["reasons"] == nlohmann::json{"steal 3.5 % of CPU time in 4 of 20 intervals",
                                            "other processes 15.0 % of CPU time in 1 of 20 intervals"});
  CHECK(record["steal_share"] == doctest::Approx(28.0 / 4000));
}

TEST_CASE_FIXTURE(Fixture, "one noisy interval in more than a hundred cannot move a p99, and does not mark the run") {
  Noise noise(root(), ours, {});
  second(noise, 100);
  for (int i = 0; i < 99; ++i) second(noise);
  CHECK(noise.conclude()["noisy"] == true);
  second(noise);
  CHECK(noise.conclude()["noisy"] == false);
  CHECK(noise.conclude()["noisy_intervals"] == 1);
}

TEST_CASE_FIXTURE(Fixture, "the warm-up does not count") {
  Noise noise(root(), ours, {});
  CHECK(is_noisy(*second(noise, 100, 50, true)));
  second(noise);
  const auto record = noise.conclude();
  CHECK(record["intervals"] == 1);
  CHECK(record["noisy"] == false);
  CHECK(record["other_cpu_share"] == 0.0);
}

TEST_CASE_FIXTURE(Fixture, "what was not measured is null, and the record says why") {
  SUBCASE("a short run") {
    Noise noise(root(), ours, {});
    pass(30, 20, 5);
    write();
    CHECK_FALSE(noise.interval(false));
    const auto record = noise.conclude();
    CHECK(record["unmeasured"] == "the measured window was too short to tell");
    CHECK(record["steal_share"].is_null());
    CHECK(record["load_1min_after"] == 1.5);
    CHECK(record["timer_overshoot_p99_us"].is_null());
    CHECK(record["noisy"] == false);
  }
  SUBCASE("no /proc") {
    Noise noise("/nonexistent", ours, {});
    CHECK_FALSE(noise.interval(false));
    const auto record = noise.conclude();
    CHECK(record["unmeasured"] == "/proc/stat is not readable");
    CHECK(record["intervals"].is_null());
    CHECK(record["load_1min_before"].is_null());
  }
  SUBCASE("others cannot be told from us") {
    Noise noise(root(), 7, {});
    second(noise, 90, 6);
    const auto record = noise.conclude();
    CHECK(record["other_cpu_share"].is_null());
    CHECK(record["steal_share"] == 0.03);
    CHECK(record["reasons"] == nlohmann::json{"steal 3.0 % of CPU time in 1 of 1 intervals"});
    CHECK(record["unmeasured"].get<std::string>().starts_with("other_cpu_share: "));
  }
}
