#include "metrics/scaling.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace host;
using namespace host::metrics;

TEST_CASE("efficiency and serial fraction follow from the capacities") {
  // Amdahl with a serial fraction of 0.1: S(4) = 1 / (0.1 + 0.9 / 4) = 3.0769...
  const std::vector<CapacityPoint> points = {{1, 100.0}, {4, 100.0 / (0.1 + 0.9 / 4)}, {8, 800.0}};
  CHECK(scaling_efficiency(points, points[0]).value.value() == doctest::Approx(1));
  CHECK(scaling_efficiency(points, points[1]).value.value() == doctest::Approx(0.76923));
  CHECK(karp_flatt(points, points[1]).value.value() == doctest::Approx(0.1));
  CHECK(scaling_efficiency(points, points[2]).value.value() == doctest::Approx(1));
  CHECK(karp_flatt(points, points[2]).value.value() == doctest::Approx(0));
}

TEST_CASE("what cannot be said has a reason") {
  const std::vector<CapacityPoint> points = {{1, 100.0}, {2, std::nullopt}};
  CHECK_FALSE(karp_flatt(points, points[0]).value);
  CHECK(karp_flatt(points, points[0]).reason == "needs two nodes or more");
  CHECK_FALSE(scaling_efficiency(points, points[1]).value);
  CHECK(scaling_efficiency(points, points[1]).reason == "no rate met the objectives");
  const std::vector<CapacityPoint> without_one = {{2, 100.0}, {4, 150.0}};
  CHECK_FALSE(scaling_efficiency(without_one, without_one[1]).value);
  CHECK(karp_flatt(without_one, without_one[1]).reason == "the capacity of one node was not measured");
}
