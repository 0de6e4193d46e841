#include "experiment/capacity_search.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

using namespace host;
using namespace host::experiment;

namespace {

// A system whose capacity is known, and what it was asked.
struct System {
  double capacity;
  std::vector<double> asked{};
  RateAnswer operator()(double rate) {
    asked.push_back(rate);
    return rate <= capacity ? RateAnswer::meets : RateAnswer::misses;
  }
};

Capacity found_in(System& system, CapacitySearch search) {
  return find_capacity(search, [&](double rate) { return system(rate); });
}

}  // namespace

TEST_CASE("the capacity lies between the two rates found, as close as asked") {
  for (const double capacity : {0.37, 9.0, 70.0, 71.0, 1000.0, 123'456.0})
    for (const double tolerance : {0.25, 0.05, 0.01}) {
      System system{capacity};
      const auto found = found_in(system, {.first_rate = 70, .tolerance = tolerance});
      REQUIRE(found.low);
      REQUIRE(found.high);
      CHECK(*found.low <= capacity);
      CHECK(*found.high > capacity);
      CHECK(*found.high <= *found.low * (1 + tolerance));
      CHECK_FALSE(found.stopped);
    }
}

TEST_CASE("few rates are asked about: doubling, then halving what is left") {
  System system{1000};
  found_in(system, {.first_rate = 70, .tolerance = 0.05});
  // 70 140 280 560 1120, then 560..1120 to within 5 %: log2(ln 2 / ln 1.05) = 3.8, so 4
  CHECK(system.asked.size() == 9);
  CHECK(std::vector<double>(system.asked.begin(), system.asked.begin() + 5) ==
        std::vector<double>{70, 140, 280, 560, 1120});
}

TEST_CASE("a system that meets nothing, and one that meets everything, leave one side open") {
  System nothing{0};
  const auto none = found_in(nothing, {.first_rate = 64, .range = 16});
  CHECK_FALSE(none.low);
  CHECK(none.high == 4);
  System everything{1e30};
  const auto all = found_in(everything, {.first_rate = 64, .range = 16});
  CHECK(all.low == 1024);
  CHECK_FALSE(all.high);
}

TEST_CASE("where the host is the limit, the result says so; where the system is, it does not") {
  const auto limited = [](double host_limit) {
    System system{1000};
    return find_capacity({.first_rate = 70},
                         [&](double rate) { return rate > host_limit ? RateAnswer::unusable : system(rate); });
  };
  CHECK(limited(500).unusable);
  CHECK(*limited(500).low <= 500);
  CHECK_FALSE(limited(5000).unusable);
}

TEST_CASE("a search that is stopped keeps what it knows") {
  System system{1000};
  const auto found = find_capacity(
      {.first_rate = 70}, [&](double rate) { return system.asked.size() == 6 ? RateAnswer::stopped : system(rate); });
  CHECK(found.stopped);
  CHECK(*found.low >= 560);
  CHECK(*found.high <= 1120);
}

TEST_CASE("noise near the capacity moves the result by no more than the noise") {
  // Meets with a probability that falls from 1 to 0 between 900 and 1100.
  std::mt19937 random(7);
  for (int trial = 0; trial < 200; ++trial) {
    const auto found = find_capacity({.first_rate = 70, .tolerance = 0.02}, [&](double rate) {
      const double chance = std::uniform_real_distribution(900.0, 1100.0)(random);
      return rate <= chance ? RateAnswer::meets : RateAnswer::misses;
    });
    CHECK(*found.low > 850);
    CHECK(*found.low <= 1100);
  }
}

TEST_CASE("rates have four significant digits") {
  System system{0.0123};
  found_in(system, {.first_rate = 1.0 / 3});
  for (const auto rate : system.asked) {
    const auto digits = rate / std::pow(10.0, std::floor(std::log10(rate)) - 3);
    CHECK(digits == doctest::Approx(std::round(digits)).epsilon(1e-9));
  }
}
