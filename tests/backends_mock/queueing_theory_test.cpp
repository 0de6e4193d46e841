// The model against closed formulas (Kleinrock, Queueing Systems, 1975). The unit of inference is the replication: each
// has its own seed and leaves out its start, so the mean over replications has an honest interval although the waiting
// times within one are strongly correlated. Two-sided 99.9 %, so that 1 in 1,000 correct models would fail; the seeds
// are fixed.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lab.hpp"

namespace {

constexpr int replications = 16;
constexpr double t_15 = 4.073;  // Student's t, 15 degrees of freedom, 0.9995

struct Estimate {
  double mean = 0;
  double half_width = 0;
  [[nodiscard]] bool agrees_with(double theory) const { return std::abs(mean - theory) <= half_width; }
};

Estimate estimate(const std::vector<double>& samples) {
  const auto n = static_cast<double>(samples.size());
  const auto mean = std::accumulate(samples.begin(), samples.end(), 0.0) / n;
  double squares = 0;
  for (const auto x : samples) squares += (x - mean) * (x - mean);
  return {mean, t_15 * std::sqrt(squares / (n - 1) / n)};
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// In mean service times; a service takes 1 ms in the mean.
struct Sample {
  std::vector<double> wait;
  std::vector<double> response;
  uint64_t rejected = 0;
};

struct Experiment {
  double load = 0.5;  // per server
  uint32_t servers = 1;
  double service_ms = 1;
  sage::Json options = {{"service", "exponential"}};
  std::string scheduler = "default";
  uint32_t classes = 1;  // equally likely; a class is its priority
  // Waiting times are correlated for longer the nearer the load is to 1.
  [[nodiscard]] uint64_t requests() const { return load > 0.9 ? 100'000 : 40'000; }
  // Drawn, not dealt in turn: then each class is a Poisson process too.
  [[nodiscard]] uint32_t class_of(uint64_t seq, uint64_t seed) const {
    return static_cast<uint32_t>(sage::Draw(seed, "test.classes").integer(seq, 0, classes - 1));
  }
};

// By class.
std::vector<Sample> replicate(const Experiment& e, uint64_t seed) {
  auto options = e.options;
  options["service_ms"] = e.service_ms;
  lab::Lab lab({.description = lab::one_stage(1),
                .options = options,
                .parallelism = e.servers,
                .seed = seed,
                .scheduler = e.scheduler});
  const auto warmup = e.requests() / 10;
  std::vector<int64_t> due(e.requests());
  std::vector<Sample> samples(e.classes);
  lab.on_end = [&](const sage_completion& row) {
    const auto seq = row.id - 1;
    if (seq < warmup) return;
    auto& sample = samples[e.class_of(seq, seed)];
    if (row.status == SAGE_DONE_REJECTED) {
      ++sample.rejected;
      return;
    }
    sample.wait.push_back(static_cast<double>(row.begun_ns - due[seq]) / 1e6);
    sample.response.push_back(static_cast<double>(row.at_ns - due[seq]) / 1e6);
  };
  lab::Arrivals arrivals(e.load * e.servers * 1000, seed);
  for (uint64_t seq = 0; seq < e.requests(); ++seq) {
    auto row = lab::request(seq, arrivals.next());
    row.priority = static_cast<uint8_t>(e.class_of(seq, seed));
    due[seq] = row.due_ns;
    lab.offer(row);
  }
  lab.finish();
  return samples;
}

// The estimate of a statistic of each replication.
template <class Statistic>
Estimate replicate_all(const Experiment& e, Statistic&& statistic) {
  std::vector<double> values;
  for (int i = 0; i < replications; ++i) values.push_back(statistic(replicate(e, static_cast<uint64_t>(100 + i))));
  return estimate(values);
}

// M/M/c: the probability that an arrival waits (Erlang's C), mean waiting time and tail of the response, in service
// times.
struct ErlangC {
  double servers;
  double waits;  // probability
  double spare;  // c - a: the rate at which a backlog drains
  ErlangC(uint32_t c, double load) : servers(c), spare(c * (1 - load)) {
    const auto a = c * load;
    double blocked = 1;  // Erlang's B by its recursion
    for (uint32_t k = 1; k <= c; ++k) blocked = a * blocked / (k + a * blocked);
    waits = blocked / (1 - load * (1 - blocked));
  }
  [[nodiscard]] double mean_wait() const { return waits / spare; }
  [[nodiscard]] double response_above(double t) const {
    if (std::abs(spare - 1) < 1e-9) return std::exp(-t) * (1 + waits * t);
    return (1 - waits) * std::exp(-t) + waits * (spare * std::exp(-t) - std::exp(-spare * t)) / (spare - 1);
  }
  [[nodiscard]] double response_quantile(double q) const {
    double low = 0, high = 1e6;
    for (int i = 0; i < 200; ++i) {
      const auto middle = (low + high) / 2;
      (response_above(middle) > 1 - q ? low : high) = middle;
    }
    return low;
  }
};

double p99(std::vector<double> values) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(values.size() * 99 / 100);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

struct WaitAndTail {
  Estimate wait;
  Estimate tail;
};
WaitAndTail measure(const Experiment& e) {
  std::vector<double> waits, tails;
  for (int i = 0; i < replications; ++i) {
    auto sample = std::move(replicate(e, static_cast<uint64_t>(100 + i))[0]);
    waits.push_back(mean(sample.wait));
    tails.push_back(p99(std::move(sample.response)));
  }
  return {estimate(waits), estimate(tails)};
}

}  // namespace

TEST_CASE("Erlang's formulas in this file reproduce published values") {
  CHECK(ErlangC(1, 0.8).waits == doctest::Approx(0.8));
  CHECK(ErlangC(1, 0.8).mean_wait() == doctest::Approx(4.0));
  CHECK(ErlangC(1, 0.8).response_quantile(0.99) == doctest::Approx(std::log(100) / 0.2));
  CHECK(ErlangC(2, 0.5).waits == doctest::Approx(1.0 / 3));  // 2 rho^2 / (1 + rho)
  CHECK(ErlangC(10, 0.8).waits == doctest::Approx(0.4092).epsilon(0.001));
}

TEST_CASE("one exponential server is an M/M/1 queue, several are an M/M/c queue") {
  for (const uint32_t servers : {1U, 4U}) {
    for (const double load : {0.5, 0.8, 0.95}) {
      CAPTURE(servers);
      CAPTURE(load);
      const ErlangC theory(servers, load);
      const auto measured = measure({.load = load, .servers = servers});
      CAPTURE(measured.wait.mean);
      CAPTURE(measured.tail.mean);
      CHECK(measured.wait.agrees_with(theory.mean_wait()));
      CHECK(measured.tail.agrees_with(theory.response_quantile(0.99)));
      // The interval must be narrow enough to mean something.
      CHECK(measured.wait.half_width < 0.2 * theory.mean_wait());
    }
  }
}

TEST_CASE("a service rate that is wrong by 3 % does not agree") {
  for (const double load : {0.5, 0.8, 0.95}) {
    CAPTURE(load);
    for (const double service_ms : {0.97, 1.03}) {
      CAPTURE(service_ms);
      const ErlangC theory(1, load);
      const auto measured = measure({.load = load, .service_ms = service_ms});
      CHECK_FALSE(measured.wait.agrees_with(theory.mean_wait()));
      CHECK_FALSE(measured.tail.agrees_with(theory.response_quantile(0.99)));
    }
  }
}

TEST_CASE("the mean wait under varying service follows Pollaczek and Khinchine") {
  for (const auto* shape : {"constant", "lognormal", "hyperexponential"}) {
    CAPTURE(shape);
    const auto cv = shape == std::string("constant") ? 0.0 : 1.5;
    const Experiment e{.load = 0.7, .options = {{"service", shape}, {"service_cv", 1.5}}};
    const auto wait = replicate_all(e, [](const auto& by_class) { return mean(by_class[0].wait); });
    CAPTURE(wait.mean);
    CHECK(wait.agrees_with(0.7 / 0.3 * (1 + cv * cv) / 2));
    CHECK(wait.half_width < 0.15 * wait.mean);
  }
}

TEST_CASE("two priorities wait as Cobham's formula for a non-preemptive queue says") {
  const double load = 0.8;
  const Experiment e{.load = load, .scheduler = "priority", .classes = 2};
  const auto high = replicate_all(e, [](const auto& by_class) { return mean(by_class[0].wait); });
  const auto low = replicate_all(e, [](const auto& by_class) { return mean(by_class[1].wait); });
  const auto residual = load;  // lambda E[S^2] / 2
  CHECK(high.agrees_with(residual / (1 - load / 2)));
  CHECK(low.agrees_with(residual / ((1 - load / 2) * (1 - load))));
  CHECK(high.mean < 0.3 * low.mean);

  // Without priorities both wait alike.
  const Experiment fifo{.load = load, .scheduler = "fifo", .classes = 2};
  const auto difference =
      replicate_all(fifo, [](const auto& by_class) { return mean(by_class[0].wait) - mean(by_class[1].wait); });
  CHECK(difference.agrees_with(0));
}

TEST_CASE("a bounded queue that rejects blocks as M/M/1/K does") {
  for (const uint32_t capacity : {1U, 4U}) {
    CAPTURE(capacity);
    const double load = 0.9;
    const Experiment e{.load = load,
                       .options = {{"service", "exponential"}, {"queue_capacity", capacity}, {"on_full", "reject"}}};
    const auto blocked = replicate_all(e, [](const auto& by_class) {
      const auto& sample = by_class[0];
      return static_cast<double>(sample.rejected) / static_cast<double>(sample.rejected + sample.wait.size());
    });
    const auto k = capacity + 1.0;  // the one in service counts
    CHECK(blocked.agrees_with((1 - load) * std::pow(load, k) / (1 - std::pow(load, k + 1))));
    CHECK(blocked.half_width < 0.05 * blocked.mean);
  }
}
