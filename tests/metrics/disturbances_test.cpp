#include "metrics/disturbances.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <stdexcept>

using namespace host;
using namespace host::metrics;

namespace {

constexpr int64_t ms = 1'000'000;

// Ten requests a second, due every 100 ms; `response_ms(due_ms)` says how long each takes, negative: it fails after so
// long. Ticks come when they are due. Hold window 4 s.
struct Service {
  explicit Service(double hold_window_s = 4) : disturbances(hold_window_s) {}
  Disturbances disturbances;
  std::function<int64_t(int64_t)> response_ms = [](int64_t) { return 50; };
  int64_t slo_ms = 100;
  std::vector<std::pair<int64_t, uint64_t>> events;  // at ms, id

  void run(int64_t until_ms) {
    std::vector<Ended> all;
    for (int64_t due = 0; due < until_ms; due += 100) {
      const auto r = response_ms(due);
      const auto took = r < 0 ? -r : r;
      all.push_back({due * ms, (due + took) * ms, r >= 0, r >= 0 && r <= slo_ms});
    }
    std::stable_sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.done_ns < b.done_ns; });
    size_t next = 0;
    size_t next_event = 0;
    for (int64_t t = 0; t <= until_ms; ++t) {
      const auto offered = static_cast<uint64_t>(t / 100 + (t < until_ms ? 1 : 0));
      std::vector<Ended> rows;
      while (next < all.size() && all[next].done_ns <= t * ms) rows.push_back(all[next++]);
      disturbances.take(rows);
      if (next_event < events.size() && events[next_event].first == t)
        disturbances.begin(events[next_event++].second, t * ms, offered);
      if (t * ms >= disturbances.next_ns()) disturbances.tick(t * ms, offered);
    }
    disturbances.end(until_ms * ms, static_cast<uint64_t>(until_ms / 100), next < all.size());
  }
  [[nodiscard]] const Metric& metric(size_t event, const char* name) const {
    for (const auto& m : disturbances.results().at(event).metrics)
      if (m.name == name) return m;
    throw std::out_of_range(name);
  }
};

}  // namespace

TEST_CASE("recovery is the start of the first hold window that is as good as before; the deficit is what was missed") {
  Service service;
  // From 20 s on for 3 s everything fails, then for 2 s it is too slow, from 25 s on as before.
  service.response_ms = [](int64_t due) { return due < 20'000 ? 50 : due < 23'000 ? -50 : due < 25'000 ? 250 : 50; };
  service.events = {{19'990, 7}};
  service.run(40'000);
  REQUIRE(service.disturbances.results().size() == 1);
  CHECK(service.disturbances.results()[0].event == 7);
  CHECK_FALSE(service.disturbances.results()[0].censored);
  // Windows are tried every 0.4 s. That from 24.79 s misses 2 of 40 good ones, which leaves 95 %, and 4 of its
  // responses are slow (due from 24.6 to 24.9), where the highest percentile of 40 allows 10. The one before misses 6.
  CHECK(*service.metric(0, "recovery_time").value == doctest::Approx(4.8));
  // due from 20.0 to 24.7: 48, none good
  CHECK(*service.metric(0, "goodput_deficit").value == doctest::Approx(48));
  CHECK(*service.metric(0, "failed_requests").value == 30);
  // from 20.0, when the first one was due that nobody served, until 23.25
  CHECK(*service.metric(0, "downtime").value == doctest::Approx(3.25));
}

TEST_CASE("a fault that no one feels is recovered from at once") {
  Service service;
  service.events = {{20'000, 1}};
  service.run(30'000);
  CHECK(*service.metric(0, "goodput_deficit").value == 0);
  CHECK(*service.metric(0, "failed_requests").value == 0);
  // The first window tried was good; windows are tried every tenth of a hold window.
  const auto& recovery = service.metric(0, "recovery_time");
  CHECK_FALSE(recovery.value.has_value());
  CHECK(*recovery.below == doctest::Approx(0.4));
  CHECK(recovery.reason == "below the resolution of 0.4 s");
  // Nobody waits for longer than the 50 ms of a response, and responses come every 100 ms at the best of times.
  const auto& downtime = service.metric(0, "downtime");
  CHECK_FALSE(downtime.value.has_value());
  CHECK(*downtime.below == doctest::Approx(0.1).epsilon(0.01));
}

TEST_CASE("good but slower than before is not recovered") {
  Service service;
  service.slo_ms = 1000;
  service.response_ms = [](int64_t due) { return due < 20'000 ? 50 : 80; };
  service.events = {{20'000, 1}};
  service.run(60'000);
  CHECK(service.disturbances.results()[0].censored);
  CHECK(service.metric(0, "recovery_time").reason == "censored: not recovered after 40 s, when the run ended");
  CHECK(*service.metric(0, "goodput_deficit").value == doctest::Approx(0).epsilon(0.01));
}

TEST_CASE("a fault is censored when the next one strikes, which is measured against the same baseline") {
  Service service;
  service.response_ms = [](int64_t due) { return due < 20'000 || due >= 30'000 ? 50 : -50; };
  service.events = {{19'990, 1}, {24'990, 2}};
  service.run(45'000);
  REQUIRE(service.disturbances.results().size() == 2);
  CHECK(service.metric(0, "recovery_time").reason == "censored: not recovered after 5 s, when the next event struck");
  CHECK(*service.metric(0, "goodput_deficit").value == doctest::Approx(50));  // due from 20.0 to 24.9
  // a window may miss 2 of 40: the one from 29.79 s does
  CHECK(*service.metric(1, "recovery_time").value == doctest::Approx(4.8));
}

TEST_CASE("without a baseline, or with too little load, there is no recovery time, and the reason is given") {
  Service early;
  early.events = {{3'000, 1}};
  early.run(20'000);
  CHECK_FALSE(early.disturbances.results()[0].censored);
  CHECK(early.metric(0, "recovery_time").reason ==
        "no baseline: before it lay less than a hold window of 4 s with 20 ok requests");

  Service thin(1);
  thin.events = {{20'000, 1}};
  thin.run(30'000);
  CHECK(thin.metric(0, "recovery_time").reason == "a hold window of 1 s has 10.0 ok requests, needs 20");
}

TEST_CASE("silence without anyone to serve is none") {
  Disturbances disturbances(1);
  disturbances.begin(1, 0, 0);
  const std::vector<Ended> rows = {{10 * ms, 20 * ms, true, true}, {5'000 * ms, 5'030 * ms, true, true}};
  disturbances.take(rows);
  disturbances.end(9'000 * ms, 2, false);
  // 30 ms at most, not the 5 s in between; two responses in 9 s do not resolve that.
  CHECK(disturbances.results()[0].metrics[3].reason == "below the resolution of 4.5 s");
}
