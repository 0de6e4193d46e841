#include "metrics/uptime.hpp"

#include <doctest/doctest.h>

using host::metrics::Uptime;

namespace {

constexpr int64_t s = 1'000'000'000;

// Slices of 1 s; `ok` requests end in each, and so many are offered.
struct Clocked {
  Uptime uptime{10};
  int64_t now = 0;
  uint64_t offered = 0;
  Clocked() { uptime.start(0, 0); }
  void slice(uint64_t offers, uint64_t ok, uint64_t in_flight = 0) {
    offered += offers;
    for (uint64_t i = 0; i < ok; ++i) uptime.ok();
    now += s;
    REQUIRE(uptime.next_ns() == now);
    uptime.tick(now, offered, in_flight);
  }
};

}  // namespace

TEST_CASE("a slice with load and nothing ok is down; one without load counts for nothing") {
  Clocked c;
  for (int i = 0; i < 14; ++i) c.slice(50, 50);
  c.slice(50, 0, 50);
  c.slice(0, 0, 50);  // nothing new, but 50 still wait
  c.slice(0, 50);     // they are served
  c.slice(0, 0);
  c.slice(0, 0);
  for (int i = 0; i < 3; ++i) c.slice(50, 50);
  CHECK(*c.uptime.metric().value == doctest::Approx(18.0 / 20));
}

TEST_CASE("availability is null where an empty slice says little, and in a run of few slices") {
  Clocked thin;
  for (int i = 0; i < 20; ++i) thin.slice(5, 5);
  CHECK(thin.uptime.metric().reason == "fewer than 10 ok requests in a slice of 1 s: an empty one says little");
  Clocked brief;
  for (int i = 0; i < 9; ++i) brief.slice(50, 50);
  CHECK(brief.uptime.metric().reason == "needs 10 slices of 1 s with load, has 9");
  CHECK(Uptime(10).next_ns() == INT64_MAX);
}
