#include "engine/over_time.hpp"

#include <doctest/doctest.h>

using namespace host;
using namespace host::engine;

TEST_CASE("a run whose rows nobody looked at says so instead of giving values made of none") {
  OverTime over_time(10);
  over_time.unobserved("no rows were kept");
  records::RunResult result;
  result.window_s = 60;
  over_time.conclude(result, 60'000'000'000, 1000, false);
  size_t unobserved = 0;
  for (const auto& metric : result.over_time) {
    CHECK_FALSE(metric.value.has_value());
    unobserved += metric.reason == "no rows were kept" ? 1U : 0U;
  }
  CHECK(unobserved >= 3);  // availability, inversions, drift of the tail; memory was not sampled either
}
