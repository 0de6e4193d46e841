#include "compare/statistics.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "compare/coverage.hpp"

namespace host::compare {
namespace {

using Values = std::vector<double>;

Values counting(size_t n, double from) {
  Values out(n);
  std::iota(out.begin(), out.end(), from);
  return out;
}

}  // namespace

TEST_CASE("an interval lies around the ratio of geometric means") {
  const Values baseline = {100, 110, 90, 105, 95};
  const Values candidate = {120, 130, 112, 125, 115};
  const auto found = independent_ratio(baseline, candidate);
  REQUIRE(found);
  double logarithms = 0;
  for (size_t i = 0; i < 5; ++i) logarithms += std::log(candidate[i] / baseline[i]);
  CHECK(found->ratio == doctest::Approx(std::exp(logarithms / 5)));
  CHECK(found->low < found->ratio);
  CHECK(found->high > found->ratio);
  CHECK(found->low > 1);  // every candidate is above every baseline
}

TEST_CASE("pairs cancel what their block does to both") {
  const Values baseline = {100, 200, 50, 400, 25};
  const Values candidate = {111, 219, 55.2, 441, 27.4};
  const auto paired = paired_ratio(baseline, candidate);
  const auto independent = independent_ratio(baseline, candidate);
  REQUIRE((paired && independent));
  CHECK(paired->ratio == doctest::Approx(independent->ratio));
  CHECK(paired->low > 1.08);
  CHECK(paired->high < 1.13);
  CHECK(independent->high / independent->low > 10);
}

TEST_CASE("values that do not vary give an interval without width") {
  const Values ones(5, 1.0);
  const Values halves(5, 0.5);
  for (const auto& found : {paired_ratio(ones, halves), independent_ratio(ones, halves)}) {
    REQUIRE(found);
    CHECK(found->ratio == doctest::Approx(0.5));
    CHECK(found->low == found->high);
  }
}

TEST_CASE("no ratio of too few values or of values that are not positive") {
  const Values two = {1, 2};
  const Values three = {1, 2, 3};
  CHECK_FALSE(paired_ratio(two, three));
  CHECK_FALSE(independent_ratio(two, three));
  CHECK_FALSE(independent_ratio(three, two));
  for (const double bad : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    const Values with_bad = {1, bad, 3};
    CHECK_FALSE(paired_ratio(three, with_bad));
    CHECK_FALSE(independent_ratio(with_bad, three));
  }
}

// scipy 1.17.1: x = log(candidate) - log(baseline); stats.t.interval(0.95, n - 1, x.mean(), stats.sem(x)),
// exponentiated; stats.ttest_ind(log(candidate), log(baseline), equal_var=False).confidence_interval(0.95).
TEST_CASE("three values: the intervals of Student and Welch") {
  const Values baseline = {100, 110, 90};
  const Values candidate = {120, 130, 112};
  const auto paired = paired_ratio(baseline, candidate);
  const auto independent = independent_ratio(baseline, candidate);
  REQUIRE((paired && independent));
  CHECK(paired->low == doctest::Approx(1.1314045410069684).epsilon(1e-9));
  CHECK(paired->high == doctest::Approx(1.2907843765299303).epsilon(1e-9));
  CHECK(independent->low == doctest::Approx(0.9822961059886899).epsilon(1e-9));
  CHECK(independent->high == doctest::Approx(1.486720039062868).epsilon(1e-9));
}

TEST_CASE("the same seed gives the same interval, a higher confidence a wider one") {
  const Values a = {100, 110, 90, 105, 95, 130};
  const Values b = {101, 99, 95, 120, 80, 118};
  const auto once = independent_ratio(a, b, 0.95, 7);
  const auto again = independent_ratio(a, b, 0.95, 7);
  const auto wider = independent_ratio(a, b, 0.99, 7);
  REQUIRE((once && again && wider));
  CHECK(once->low == again->low);
  CHECK(once->high == again->high);
  CHECK(wider->low < once->low);
  CHECK(wider->high > once->high);
}

// 1000 experiments: 93..97 % is 2.9 standard errors to each side. A percentile bootstrap covers 83 % with n = 5.
TEST_CASE("intervals of 95 % hold the truth 95 times in 100") {
  struct Given {
    Noise noise;
    size_t n;
    bool paired;
  };
  for (const auto& [noise, n, paired] : {Given{Noise::normal, 5, true}, Given{Noise::log_normal, 5, false},
                                         Given{Noise::log_normal, 10, true}, Given{Noise::normal, 3, true}}) {
    CAPTURE(n);
    CAPTURE(paired);
    const auto found = coverage(noise, n, paired, 1000, 1);
    CHECK(found.share >= 0.93);
    CHECK(found.share <= 0.97);
  }
}

// scipy 1.17.1: mannwhitneyu(a, b, alternative="two-sided", method="exact")
TEST_CASE("Mann-Whitney, exact") {
  struct Given {
    Values a, b;
    double u, p;
  };
  for (const auto& [a, b, u, p] :
       {Given{{1.1, 2.2, 3.3}, {4.4, 5.5, 6.6}, 0, 0.1}, Given{{1.1, 4.4, 3.3}, {2.2, 5.5, 6.6}, 2, 0.4},
        Given{{19, 22, 16, 29, 24}, {20, 11, 17, 12}, 17, 0.1111111111111111},
        Given{{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46},
              {1.15, 0.88, 0.90, 0.74, 1.21},
              35,
              0.2544122544122544},
        Given{counting(20, 0), counting(20, 3.3), 136, 0.0859140199856938}}) {
    const auto found = mann_whitney(a, b);
    CHECK(found.u == u);
    CHECK(found.p_value == doctest::Approx(p).epsilon(1e-12));
    CHECK(mann_whitney(b, a).p_value == found.p_value);
  }
}

// scipy 1.17.1: mannwhitneyu(a, b, alternative="two-sided", method="asymptotic")
TEST_CASE("Mann-Whitney with ties or many values: the normal approximation") {
  struct Given {
    Values a, b;
    double u, p;
  };
  for (const auto& [a, b, u, p] :
       {Given{{1, 2, 2, 3, 5}, {2, 4, 4, 6, 7}, 5, 0.13756389390990328},
        Given{{1, 1, 1, 1}, {2, 2, 2, 2}, 0, 0.013123806784370716}, Given{{5, 5, 5}, {5, 5, 5}, 4.5, 1},
        Given{counting(25, 1), counting(25, 7.5), 171, 0.006222848471189992}}) {
    const auto found = mann_whitney(a, b);
    CHECK(found.u == u);
    CHECK(found.p_value == doctest::Approx(p).epsilon(1e-12));
  }
}

TEST_CASE("Cliff's delta") {
  CHECK(cliffs_delta(Values{1, 2, 3}, Values{4, 5, 6}) == 1);
  CHECK(cliffs_delta(Values{4, 5, 6}, Values{1, 2, 3}) == -1);
  CHECK(cliffs_delta(Values{1, 2, 3}, Values{1, 2, 3}) == 0);
  CHECK(cliffs_delta(Values{1, 2}, Values{2, 3}) == doctest::Approx(0.75));  // 3 of 4 pairs above, 1 equal
  // (U / (n m)) tells the same: U of the second sample counts the pairs above, ties as halves.
  const Values a = {19, 22, 16, 29, 24};
  const Values b = {20, 11, 17, 12};
  CHECK(cliffs_delta(a, b) == doctest::Approx(1 - 2 * mann_whitney(a, b).u / 20));
}

TEST_CASE("median") {
  CHECK(median(Values{3, 1, 2}) == 2);
  CHECK(median(Values{4, 1, 2, 3}) == 2.5);
  CHECK(std::isnan(median({})));
}

}  // namespace host::compare
