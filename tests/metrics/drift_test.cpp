#include "metrics/drift.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace host;
using namespace host::metrics;

TEST_CASE("Theil-Sen is the median of the pairwise slopes") {
  // (0,0) (1,2) (2,2) (4,42): 2, 1, 10.5, 0, 13.33, 20 -> sorted 0 1 2 10.5 13.33 20 -> (2 + 10.5) / 2
  const std::array<Point, 4> points = {{{0, 0}, {1, 2}, {2, 2}, {4, 42}}};
  CHECK(*theil_sen(points) == doctest::Approx(6.25));
  const std::array<Point, 3> odd = {{{0, 0}, {1, 3}, {2, 4}}};  // 3, 2, 1
  CHECK(*theil_sen(odd) == doctest::Approx(2));
  CHECK_FALSE(theil_sen(std::array<Point, 2>{{{1, 0}, {1, 5}}}));
}

TEST_CASE("memory that grows by 1 MiB a minute drifts by 60 MiB/h, however long the run and in spite of spikes") {
  for (const int samples : {100, 1000, 86'400}) {
    MemoryDrift drift;
    for (int t = 0; t < samples; ++t) {
      const bool spike = t % 10 == 3;
      drift.sample(t, static_cast<uint64_t>((100 + t / 60.0 + (spike ? 50 : 0)) * (1 << 20)));
    }
    CHECK(*drift.metric().value == doctest::Approx(60).epsilon(0.02));
  }
}

TEST_CASE("a drift needs time and a backend that reports") {
  MemoryDrift drift;
  CHECK(drift.metric().reason == "the backend does not report its memory");
  for (int t = 0; t < 20; ++t) drift.sample(t, 1 << 20);
  CHECK(drift.metric().reason == "needs 8 points over 60 s, has 20 over 19.0 s");
}

TEST_CASE("a p99 that grows by 1 ms a minute drifts by 60 ms/h, at one minute or a day") {
  constexpr int64_t s = 1'000'000'000;
  for (const int64_t minutes : {10, 1440}) {
    TailDrift drift;
    for (int64_t i = 0; i < minutes * 60 * 20; ++i) {  // 20/s; every 50th response is slow
      const auto at = i * s / 20;
      const auto slow = 100'000'000 + at / 60'000;
      drift.take(at, i % 50 == 0 ? slow : 10'000'000);
    }
    CHECK(*drift.metric().value == doctest::Approx(60).epsilon(0.05));
  }
  TailDrift brief;
  for (int i = 0; i < 900; ++i) brief.take(i, 5);
  CHECK(brief.metric().reason == "needs 8 points over 60 s, has 0 over 0.0 s");
}
