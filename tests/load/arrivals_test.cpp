#include "load/arrivals.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <sage/plugin.hpp>
#include <vector>

using namespace host;
using namespace host::load;

// The statistical tests have fixed seeds, so they fail only when the code changes. Bounds are about four standard
// errors.
namespace {

constexpr std::array random_processes = {Arrival::poisson, Arrival::gamma, Arrival::bursty};

LoadConfig loaded(Arrival arrival, double rate = 100) {
  LoadConfig config;
  config.arrival = arrival;
  config.rate = rate;
  config.cv = 2;
  config.burst_dwell_s = 0.01;
  config.calm_dwell_s = 0.09;
  return config;
}

std::vector<Due> schedule(const LoadConfig& config, size_t n, size_t batch = 64) {
  const auto arrivals = make_arrivals(config);
  std::vector<Due> rows(n);
  for (size_t at = 0; at < n; at += batch) {
    const auto size = std::min(batch, n - at);
    REQUIRE(arrivals->next(rows.data() + at, size) == size);
  }
  return rows;
}

std::vector<int64_t> times(const std::vector<Due>& rows) {
  std::vector<int64_t> out;
  for (const auto& row : rows) out.push_back(row.at_ns);
  return out;
}

std::vector<double> gaps_s(const std::vector<Due>& rows) {
  std::vector<double> out;
  int64_t last_ns = 0;
  for (const auto& row : rows) {
    out.push_back(static_cast<double>(row.at_ns - last_ns) / 1e9);
    last_ns = row.at_ns;
  }
  return out;
}

struct Moments {
  double mean;
  double cv;
  double skewness;
};
Moments moments(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double mean = 0, second = 0, third = 0;
  for (const double v : values) mean += v / n;
  for (const double v : values) {
    second += (v - mean) * (v - mean) / n;
    third += (v - mean) * (v - mean) * (v - mean) / n;
  }
  return {mean, std::sqrt(second) / mean, third / std::pow(second, 1.5)};
}

// Kolmogorov-Smirnov statistic times sqrt(n) against the exponential distribution; above 1.628 it is refuted at 1 %.
double exponential_misfit(std::vector<double> values, double mean) {
  std::ranges::sort(values);
  const auto n = static_cast<double>(values.size());
  double worst = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double expected = 1 - std::exp(-values[i] / mean);
    worst = std::max({worst, expected - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - expected});
  }
  return worst * std::sqrt(n);
}

// Variance / mean of the number of arrivals in windows of that length.
double index_of_dispersion(const std::vector<Due>& rows, double window_s) {
  std::vector<double> counts(static_cast<size_t>(static_cast<double>(rows.back().at_ns) / (window_s * 1e9)), 0.0);
  for (const auto& row : rows)
    if (const auto i = static_cast<size_t>(static_cast<double>(row.at_ns) / (window_s * 1e9)); i < counts.size())
      ++counts[i];
  const auto m = moments(counts);
  return m.cv * m.cv * m.mean;
}

}  // namespace

TEST_CASE("constant arrivals are n / rate apart however many there are") {
  const auto rows = schedule(loaded(Arrival::constant, 3), 3'000'001);
  CHECK(rows[0].at_ns == 0);
  CHECK(rows[1].at_ns == 333'333'333);
  CHECK(rows[2].at_ns == 666'666'666);
  for (const size_t n : {size_t{3000}, size_t{2'999'997}, size_t{3'000'000}})
    CHECK(std::abs(rows[n].at_ns - static_cast<int64_t>(n / 3) * 1'000'000'000) <= 1);
}

TEST_CASE("time adds up without drift: ten million gaps of 0.1 ns are one millisecond") {
  Elapsed elapsed;
  int64_t at_ns = 0;
  for (int i = 0; i < 10'000'000; ++i) at_ns = elapsed.add(0.1);
  CHECK(std::abs(at_ns - 1'000'000) <= 1);
}

TEST_CASE("time ends at its limit instead of overflowing") {
  Elapsed elapsed;
  CHECK(elapsed.add(1e18) == 1'000'000'000'000'000'000);
  CHECK(elapsed.add(1e300) == latest_due_ns);
  CHECK(elapsed.add(1) == latest_due_ns);
  auto config = loaded(Arrival::gamma, 0.001);
  config.cv = 100;
  const auto rows = schedule(config, 4'000'000);
  CHECK(std::ranges::is_sorted(rows, {}, &Due::at_ns));
}

TEST_CASE("poisson gaps are exponential") {
  const auto gaps = gaps_s(schedule(loaded(Arrival::poisson), 100'000));
  const auto m = moments(gaps);
  CHECK(m.mean == doctest::Approx(0.01).epsilon(0.013));
  CHECK(m.cv == doctest::Approx(1).epsilon(0.013));
  CHECK(exponential_misfit(gaps, 0.01) < 1.628);
}

TEST_CASE("gamma gaps have the mean, the coefficient of variation and the skewness of their distribution") {
  for (const double cv : {0.1, 0.5, 0.999, 1.001, 2.0, 4.0}) {
    CAPTURE(cv);
    auto config = loaded(Arrival::gamma);
    config.cv = cv;
    const auto m = moments(gaps_s(schedule(config, 400'000)));
    CHECK(m.mean == doctest::Approx(0.01).epsilon(0.0064 * cv));
    CHECK(m.cv == doctest::Approx(cv).epsilon(0.03));
    CHECK(m.skewness == doctest::Approx(2 * cv).epsilon(0.1));
  }
}

TEST_CASE("gamma gaps with a coefficient of variation of 1 are exponential") {
  auto config = loaded(Arrival::gamma);
  config.cv = 1;
  CHECK(exponential_misfit(gaps_s(schedule(config, 100'000)), 0.01) < 1.628);
}

TEST_CASE("the rates of calm and burst keep the mean rate") {
  LoadConfig config;
  config.rate = 90;
  config.burst_factor = 8;
  config.burst_dwell_s = 0.5;
  config.calm_dwell_s = 2.5;
  const auto rates = burst_rates(config);
  CHECK(rates.calm == doctest::Approx(90 * 3.0 / 6.5));
  CHECK(rates.burst == doctest::Approx(8 * rates.calm));
  CHECK((2.5 * rates.calm + 0.5 * rates.burst) / 3 == doctest::Approx(90));
}

TEST_CASE("bursty arrivals have the mean and the index of dispersion of their process") {
  const auto config = loaded(Arrival::bursty);
  const auto rows = schedule(config, 2'000'000);
  CHECK(2e6 / (static_cast<double>(rows.back().at_ns) / 1e9) == doctest::Approx(100).epsilon(0.0055));

  // Of the arrivals, burst rate * share of time in bursts / rate come in a burst.
  const auto rates = burst_rates(config);
  const auto in_burst = std::ranges::count(rows, 1, &Due::burst);
  CHECK(static_cast<double>(in_burst) / 2e6 == doctest::Approx(rates.burst * 0.1 / 100).epsilon(0.01));

  // Fischer and Meier-Hellstern 1993, equation for the variance of counts of the two-state process.
  const double leave_calm = 1 / config.calm_dwell_s, leave_burst = 1 / config.burst_dwell_s;
  const double sum = leave_calm + leave_burst;
  const double excess = 2 * std::pow(rates.calm - rates.burst, 2) * leave_calm * leave_burst /
                        (sum * sum * (rates.calm * leave_burst + rates.burst * leave_calm));
  for (const double window_s : {0.005, 0.1, 1.0}) {
    CAPTURE(window_s);
    const double expected = 1 + excess - excess / (sum * window_s) * (1 - std::exp(-sum * window_s));
    CHECK(index_of_dispersion(rows, window_s) == doctest::Approx(expected).epsilon(0.04));
  }
}

TEST_CASE("bursty arrivals start in either state, so that the mean rate holds from the first moment") {
  auto config = loaded(Arrival::bursty, 1000);
  int burst_starts = 0;
  int64_t early = 0;
  constexpr int seeds = 4000;
  for (int seed = 0; seed < seeds; ++seed) {
    config.seed = static_cast<uint64_t>(seed);
    const auto arrivals = make_arrivals(config);
    burst_starts += arrivals->notes().at("starts_in") == "burst";
    std::array<Due, 100> rows;
    arrivals->next(rows.data(), rows.size());
    early += std::ranges::count_if(rows, [](const Due& row) { return row.at_ns < 5'000'000; });
  }
  CHECK(burst_starts == doctest::Approx(0.1 * seeds).epsilon(0.19));
  CHECK(early == doctest::Approx(1000 * 0.005 * seeds).epsilon(0.07));
}

TEST_CASE("a window of time after the warm-up holds what the rate says, where it begins at no arrival") {
  for (const auto process : random_processes) {
    auto config = loaded(process, 50);
    config.cv = 6;
    config.warmup_items = 20;
    config.duration_s = 1;
    config.burst_dwell_s = 0.2;
    config.calm_dwell_s = 1.8;
    REQUIRE(begins_anew(config));
    double counted = 0;
    double at_an_arrival = 0;
    constexpr int seeds = 20'000;
    for (int seed = 0; seed < seeds; ++seed) {
      config.seed = static_cast<uint64_t>(seed);
      const auto arrivals = make_arrivals(config);
      std::vector<Due> rows(20 + 3000);
      arrivals->next(rows.data(), rows.size());
      const auto within = [&](int64_t begin_ns) {
        return static_cast<double>(std::count_if(rows.begin() + 20, rows.end(),
                                                 [&](const Due& row) { return row.at_ns < begin_ns + 1'000'000'000; }));
      };
      counted += within(rows[19].at_ns);
      at_an_arrival += within(rows[20].at_ns);
    }
    CHECK(counted / seeds == doctest::Approx(50).epsilon(0.05));
    CHECK(at_an_arrival / seeds > 50.5);
  }
  auto config = loaded(Arrival::gamma);
  CHECK_FALSE(begins_anew(config));  // bounded by a number of requests
  config.arrival = Arrival::constant;
  config.duration_s = 1;
  CHECK_FALSE(begins_anew(config));
}

TEST_CASE("bursts no faster than calm are the poisson schedule, arrival by arrival") {
  auto config = loaded(Arrival::bursty);
  config.burst_factor = 1;
  const auto bursty = schedule(config, 10'000);
  const auto poisson = schedule(loaded(Arrival::poisson), 10'000);
  for (size_t i = 0; i < bursty.size(); ++i) REQUIRE(std::abs(bursty[i].at_ns - poisson[i].at_ns) <= 1);
}

TEST_CASE("offline requests are all due at once") {
  for (const auto at_ns : times(schedule(loaded(Arrival::offline), 1000))) REQUIRE(at_ns == 0);
}

TEST_CASE("a closed loop has no arrival process") {
  CHECK_THROWS_AS(make_arrivals(loaded(Arrival::closed)), std::logic_error);
}

TEST_CASE("times never decrease") {
  for (const auto process : random_processes)
    CHECK(std::ranges::is_sorted(schedule(loaded(process, 1e6), 100'000), {}, &Due::at_ns));
}

TEST_CASE("a seed gives one schedule, whatever the sizes of the batches it is drawn in") {
  for (const auto process : random_processes) {
    const auto config = loaded(process);
    const auto once = times(schedule(config, 5000));
    CHECK(once == times(schedule(config, 5000)));
    CHECK(once == times(schedule(config, 5000, 1)));
    CHECK(once == times(schedule(config, 5000, 777)));
    auto other = config;
    other.seed = config.seed + 1;
    CHECK(once != times(schedule(other, 5000)));
  }
}

TEST_CASE("the rate only scales a schedule, and options of other processes leave it alone") {
  for (const auto process : {Arrival::poisson, Arrival::gamma}) {
    const auto slow = times(schedule(loaded(process, 100), 1000));
    const auto fast = times(schedule(loaded(process, 200), 1000));
    for (size_t i = 0; i < slow.size(); ++i) REQUIRE(std::abs(slow[i] - 2 * fast[i]) <= 2);
  }
  auto config = loaded(Arrival::poisson);
  const auto before = times(schedule(config, 1000));
  config.cv = 7;
  config.burst_factor = 3;
  config.trace_speed = 2;
  CHECK(before == times(schedule(config, 1000)));
}

TEST_CASE("the first arrivals of a seed stay what they are") {
  // Results recorded under a seed can be repeated only while these hold.
  CHECK(times(schedule(loaded(Arrival::poisson), 3)) == std::vector<int64_t>{135648, 10518215, 13581847});
  CHECK(times(schedule(loaded(Arrival::gamma), 3)) == std::vector<int64_t>{30373106, 30775925, 30779851});
  CHECK(times(schedule(loaded(Arrival::bursty), 3)) == std::vector<int64_t>{230601, 17880966, 18729441});
}

TEST_CASE("notes tell what was drawn from") {
  CHECK(make_arrivals(loaded(Arrival::constant))->notes() == nlohmann::json{{"process", "constant"}});
  CHECK(make_arrivals(loaded(Arrival::poisson))->notes().at("process") == "poisson");
  CHECK(make_arrivals(loaded(Arrival::gamma))->notes().at("shape") == 0.25);
  CHECK(make_arrivals(loaded(Arrival::bursty))->notes().at("burst_rate").get<double>() == doctest::Approx(470.588));
  CHECK(make_arrivals(loaded(Arrival::offline))->notes().at("process") == "offline");
}
