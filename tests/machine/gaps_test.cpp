#include "machine/gaps.hpp"

#include <doctest/doctest.h>

#include "fake_proc.hpp"
#include "machine/noise.hpp"

using namespace host::machine;

constexpr int64_t ms = 1'000'000;

TEST_CASE("a wait that ends as late as busy machines are is no gap") {
  Gaps gaps;
  for (int64_t i = 0; i < 1000; ++i) gaps.woke(i * ms, i * ms + Gaps::shortest_ns - 1);
  gaps.woke(5 * ms, 4 * ms);  // woken before
  CHECK(gaps.count() == 0);
  CHECK(gaps.total_ns() == 0);
  CHECK(gaps.longest().end_ns == 0);
}

TEST_CASE("what two threads saw of one suspension is one gap") {
  Gaps feed, collector;
  feed.woke(1000 * ms, 1280 * ms);
  feed.woke(9000 * ms, 9060 * ms);
  collector.woke(998 * ms, 1279 * ms);
  collector.woke(5000 * ms, 5100 * ms);
  collector.merge(feed);
  CHECK(collector.count() == 3);
  CHECK(collector.total_ns() == (282 + 60 + 100) * ms);
  CHECK(collector.longest().end_ns == 1280 * ms);
}

TEST_CASE("however many gaps there are, they are counted") {
  Gaps gaps;
  for (int64_t i = 0; i < 30'000; ++i) gaps.woke(i * 100 * ms, i * 100 * ms + 50 * ms);
  CHECK(gaps.count() == 30'000);
  CHECK(gaps.total_ns() > 0);
}

TEST_CASE_FIXTURE(FakeProc, "one gap makes a quiet run noisy, and says when and how long") {
  processes[1] = {};
  write();
  Noise noise(root(), 1, {});
  pass(100);
  write();
  noise.interval(false);
  CHECK(noise.conclude()["gaps"]["count"] == 0);
  Gaps gaps;
  gaps.woke(13'000 * ms, 13'280 * ms);
  const auto record = noise.conclude(gaps, 1000 * ms);
  CHECK(record["noisy"] == true);
  CHECK(record["noisy_intervals"] == 0);
  CHECK(record["reasons"] == nlohmann::json{"the host itself did not run for 0.28 s until 12.280 s"});
  CHECK(record["gaps"]["longest_s"] == doctest::Approx(0.28));
  CHECK(record["gaps"]["longest_ended_at_s"] == doctest::Approx(12.28));
  gaps.woke(14'000 * ms, 14'100 * ms);
  CHECK(noise.conclude(gaps, 0)["reasons"][0] ==
        "the host itself did not run for 0.28 s until 13.280 s, and in 2 gaps for 0.38 s in all");
}
