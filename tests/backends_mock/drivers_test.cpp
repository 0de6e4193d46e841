// The processes between the host and the nodes, each of which takes one request at a time.
#include <doctest/doctest.h>

#include <map>

#include "lab.hpp"

namespace {

// How long `n` requests take that come at once, on more workers than they need.
int64_t makespan_ns(const sage::Json& options, uint64_t n) {
  lab::Lab lab({.description = lab::one_stage(lab::us), .options = options, .parallelism = 64});
  for (uint64_t seq = 0; seq < n; ++seq) lab.offer(lab::request(seq));
  lab.finish();
  CHECK(lab.ended.size() == n);
  CHECK(lab.broken_rules == 0);
  return lab.after_ns();
}

}  // namespace

TEST_CASE("a request reaches its stage when its driver has taken it, one after the other") {
  lab::Lab lab({.description = lab::one_stage(lab::ms), .options = {{"driver_us", 500}}, .parallelism = 8});
  for (uint64_t seq = 0; seq < 3; ++seq) lab.offer(lab::request(seq));
  lab.finish();
  CHECK(lab.begin_of(0) == 500 * lab::us);
  CHECK(lab.end_of(0) == 1500 * lab::us);
  CHECK(lab.begin_of(2) == 1500 * lab::us);
}

TEST_CASE("the capacity of one driver is that of the run; K drivers carry K times as much") {
  const auto one = makespan_ns({{"driver_us", 1000}}, 6000);
  CHECK(one == doctest::Approx(6000 * lab::ms).epsilon(0.001));
  for (const int64_t drivers : {2, 3, 6}) {
    const auto several = makespan_ns({{"driver_us", 1000}, {"drivers", drivers}}, 6000);
    CHECK(static_cast<double>(one) / static_cast<double>(several) ==
          doctest::Approx(static_cast<double>(drivers)).epsilon(0.001));
  }
}

TEST_CASE("more drivers do not help where the stage is what limits") {
  const auto limited = [](int64_t drivers) {
    lab::Lab lab({.description = lab::one_stage(lab::ms), .options = {{"driver_us", 1000}, {"drivers", drivers}}});
    for (uint64_t seq = 0; seq < 1000; ++seq) lab.offer(lab::request(seq));
    lab.finish();
    return static_cast<double>(lab.after_ns());
  };
  CHECK(limited(4) == doctest::Approx(limited(1)).epsilon(0.01));
}

TEST_CASE("requests of one key stay in their order where a stage keeps state by it") {
  lab::Lab lab({.description = lab::one_stage(lab::us, SAGE_KEY_REQUEST),
                .options = {{"driver_us", 700}, {"drivers", 4}},
                .parallelism = 8});
  for (uint64_t seq = 0; seq < 400; ++seq) {
    auto row = lab::request(seq, static_cast<int64_t>(seq) * 100 * lab::us);
    row.key = seq % 7;
    lab.offer(row);
  }
  lab.finish();
  REQUIRE(lab.order.size() == 400);
  std::map<uint64_t, uint64_t> last;  // by key
  for (const auto seq : lab.order) {
    CHECK(last[seq % 7] <= seq);
    last[seq % 7] = seq;
  }
}

TEST_CASE("a number of drivers that cannot be is refused") {
  CHECK_THROWS_AS(lab::Lab({.description = lab::one_stage(1), .options = {{"drivers", 0}}}), sage::Failure);
}
