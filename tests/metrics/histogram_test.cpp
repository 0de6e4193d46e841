#include "metrics/histogram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

using namespace host;
using namespace host::metrics;

TEST_CASE("every value falls into the bucket that contains it") {
  std::vector<int64_t> values = {0, 1, 1023, 1024, 2047, 2048, 2049, 4095, 4096, 1'000'000, 999'999'999};
  for (int bit = 11; bit < 43; ++bit)
    for (const int64_t off : {-1, 0, 1}) values.push_back((int64_t{1} << bit) + off);
  for (const auto v : values) {
    const auto at = buckets::position(v);
    REQUIRE(at.row < buckets::rows);
    CHECK(buckets::lowest(at.row, at.column) <= v);
    const auto last = at.row == buckets::rows - 1 && at.column == buckets::row_size - 1;
    if (!last) {
      const auto next =
          at.column + 1 < buckets::row_size ? buckets::lowest(at.row, at.column + 1) : buckets::lowest(at.row + 1, 0);
      CHECK(v < next);
    }
  }
  CHECK(buckets::position(-5).row == 0);
  CHECK(buckets::position(INT64_MAX).row == buckets::rows - 1);
}

TEST_CASE("quantiles agree with sorted samples to three digits") {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> draw(13, 2);
  Histogram h;
  std::vector<int64_t> samples;
  for (int i = 0; i < 100'000; ++i) {
    samples.push_back(static_cast<int64_t>(draw(random)));
    h.record(samples.back());
  }
  std::sort(samples.begin(), samples.end());
  for (const double q : {0.0, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
    const auto rank = std::max<size_t>(1, static_cast<size_t>(std::ceil(q * 100'000.0)));
    const auto exact = static_cast<double>(samples[rank - 1]);
    CHECK(static_cast<double>(h.quantile(q)) == doctest::Approx(exact).epsilon(0.001));
  }
  CHECK(h.max() == samples.back());
  CHECK(h.min() == samples.front());
}

TEST_CASE("an empty histogram answers zero") {
  const Histogram h;
  CHECK(h.quantile(0.99) == 0);
  CHECK(h.mean() == 0);
  CHECK(h.min() == 0);
}

TEST_CASE("merging equals counting everything in one") {
  Histogram a, b, all;
  for (int64_t v = 1; v < 100'000; v += 7) {
    (v % 2 ? a : b).record(v * 1000);
    all.record(v * 1000);
  }
  a.merge(b);
  CHECK(a.count() == all.count());
  CHECK(a.mean() == doctest::Approx(all.mean()));
  for (const double q : {0.1, 0.5, 0.99}) CHECK(a.quantile(q) == all.quantile(q));
}

TEST_CASE("a lane histogram adds up to the same counts") {
  LaneHistogram lane;
  Histogram plain;
  for (int64_t v = 0; v < 50'000; v += 3) {
    lane.record(v);
    plain.record(v);
  }
  Histogram total;
  lane.add_to(total);
  CHECK(total.count() == plain.count());
  CHECK(total.quantile(0.99) == plain.quantile(0.99));
  CHECK(total.mean() == doctest::Approx(plain.mean()));
  CHECK(total.max() == plain.max());
}

TEST_CASE("counts at or below a limit") {
  Histogram h;
  for (int64_t v = 1; v <= 1000; ++v) h.record(v);
  CHECK(h.count_at_or_below(0) == 0);
  CHECK(h.count_at_or_below(500) == 500);
  CHECK(h.count_at_or_below(5000) == 1000);
}

TEST_CASE("what was counted since, of values in one bucket only, lies between what was ever seen") {
  for (const int64_t value : {int64_t{1'000'000}, int64_t{1'048'577}, int64_t{123'456'789}}) {
    Histogram all, earlier;
    all.record(value);
    earlier.record(value);
    for (int i = 0; i < 9; ++i) all.record(value);
    const auto since = all.since(earlier);
    CHECK(since.count() == 9);
    CHECK(since.min() == value);
    CHECK(since.max() == value);
    CHECK(since.quantile(0.5) == value);
  }
}
