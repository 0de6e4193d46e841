#include "metrics/inversions.hpp"

#include <doctest/doctest.h>

using host::metrics::Inversions;

namespace {
constexpr int64_t ms = 1'000'000;
}

TEST_CASE("a request that begins while a more urgent one waits is an inversion") {
  Inversions inversions;
  // sent, begun, stage, priority; over 10 s
  inversions.take({0 * ms, 0 * ms, 0, 1});
  inversions.take({1 * ms, 20 * ms, 0, 0});  // urgent; overtaken at 5 ms and again at 10: loses 15 ms
  inversions.take({0 * ms, 5 * ms, 0, 1});   // overtakes
  inversions.take({2 * ms, 10 * ms, 0, 2});  // overtakes
  inversions.take({2 * ms, 25 * ms, 0, 1});  // overtaken by the one of priority 2 at 10 ms: loses 15 ms
  inversions.take({3 * ms, 12 * ms, 1, 2});  // another stage: no business of these
  const auto metrics = inversions.metrics(10);
  CHECK(*metrics[0].value == doctest::Approx(0.2));
  CHECK(*metrics[1].value == doctest::Approx(15));
}

TEST_CASE("waiting behind the equally or the more urgent is none, nor is beginning at the same time") {
  Inversions inversions;
  inversions.take({0, 10 * ms, 0, 0});
  inversions.take({0, 20 * ms, 0, 0});
  inversions.take({0, 20 * ms, 0, 1});
  inversions.take({0, 30 * ms, 0, 1});
  const auto metrics = inversions.metrics(1);
  CHECK(*metrics[0].value == 0);
  CHECK(metrics[1].reason == "no request was overtaken");
}

TEST_CASE("in a long run every inversion counts once, in constant memory") {
  Inversions inversions;
  for (int64_t i = 0; i < 100'000; ++i) {  // each time an urgent one waits 4 ms while another begins after 1
    const auto t = i * 10 * ms;
    inversions.take({t, t + 4 * ms, 0, 0});
    inversions.take({t, t + 1 * ms, 0, 3});
  }
  const auto metrics = inversions.metrics(1000);
  CHECK(*metrics[0].value == doctest::Approx(100));
  CHECK(*metrics[1].value == doctest::Approx(3));
}

TEST_CASE("without priorities there is nothing to invert") {
  Inversions inversions;
  CHECK(inversions.metrics(1)[0].reason == "no request with a known begin at a stage without key");
  inversions.take({0, 5, 0, 2});
  CHECK(inversions.metrics(1)[0].reason == "all requests have one priority");
}
