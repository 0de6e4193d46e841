#include "records/recovery.hpp"

#include <doctest/doctest.h>

using namespace host;
using namespace host::records;

namespace {

EventRecord event(const char* kind, const char* target, std::vector<metrics::Metric> metrics,
                  const char* status = "done") {
  EventRecord e;
  e.kind = kind;
  e.target = target;
  e.issued_s = 10;
  if (std::string(status) != "issued") e.confirmed_s = 10;
  e.status = status;
  e.metrics = std::move(metrics);
  return e;
}

std::vector<metrics::Metric> hurt(double recovery, double deficit, double failed, double down) {
  return {metrics::measured("recovery_time", recovery), metrics::measured("goodput_deficit", deficit),
          metrics::measured("failed_requests", failed), metrics::measured("downtime", down)};
}

const metrics::Metric& at(const std::vector<metrics::Metric>& metrics, std::string_view name) {
  for (const auto& metric : metrics)
    if (metric.name == name) return metric;
  throw std::out_of_range(std::string(name));
}

}  // namespace

TEST_CASE(
    "what is below the resolution is a bound: the mean of such ones too, and beside others it counts as the bound") {
  const auto unfelt = [](double bound) {
    return event("fault", "kill-worker",
                 {metrics::below_resolution("recovery_time", bound), metrics::measured("downtime", 0.5)});
  };
  Summary alone;
  add_disturbances(alone, {unfelt(0.4), unfelt(0.4)});
  const auto& mttr = at(alone.run, "mttr");
  CHECK_FALSE(mttr.value.has_value());
  CHECK(*mttr.below == 0.4);
  CHECK(mttr.reason == "below the resolution of 0.4 s");
  Summary mixed;
  add_disturbances(mixed, {unfelt(0.4), event("fault", "kill-worker", hurt(2, 0, 0, 0.2))});
  CHECK(*at(mixed.run, "mttr").value == doctest::Approx(1.2));
  CHECK(*at(mixed.disturbances[0].metrics, "downtime").value == 0.5);
}

TEST_CASE("faults are summed up by kind, the censored counted and in no mean") {
  auto censored = event("fault", "kill-worker",
                        {metrics::missing("recovery_time", "censored"), metrics::measured("goodput_deficit", 5),
                         metrics::measured("failed_requests", 1), metrics::measured("downtime", 9)});
  censored.censored = true;
  const std::vector<EventRecord> events = {event("fault", "kill-worker", hurt(2, 10, 3, 0.5)),
                                           event("heal", "kill-worker", {}),
                                           event("fault", "slow-node", hurt(9, 1, 0, 0.1)),
                                           event("fault", "kill-worker", hurt(4, 20, 1, 0.7)),
                                           censored,
                                           event("fault", "drop-link", hurt(0, 0, 0, 0), "failed")};
  Summary summary;
  add_disturbances(summary, events);
  REQUIRE(summary.disturbances.size() == 3);
  const auto& kill = summary.disturbances[0];
  CHECK(kill.target == "kill-worker");
  CHECK(kill.events == 3);
  CHECK(kill.censored == 1);
  CHECK(*at(kill.metrics, "mttr").value == 3);
  CHECK(*at(kill.metrics, "goodput_deficit").value == 35);
  CHECK(*at(kill.metrics, "failed_requests").value == 5);
  CHECK(*at(kill.metrics, "downtime").value == 9);
  CHECK(summary.disturbances[2].refused == 1);
  CHECK(at(summary.disturbances[2].metrics, "mttr").reason == "no event of this kind was carried out");
  CHECK(*at(summary.run, "mttr").value == 5);
  CHECK(*at(summary.run, "faults_censored").value == 1);
}

TEST_CASE("a fault of which the backend never said that it happened is counted, and in no mean") {
  Summary summary;
  add_disturbances(summary, {event("fault", "kill-worker", hurt(0, 0, 0, 0), "issued"),
                             event("fault", "kill-worker", hurt(4, 20, 1, 0.7)),
                             event("fault", "slow-node", hurt(0, 0, 0, 0), "issued")});
  CHECK(summary.disturbances[0].events == 2);
  CHECK(summary.disturbances[0].unconfirmed == 1);
  CHECK(*at(summary.disturbances[0].metrics, "mttr").value == 4);
  CHECK(*at(summary.run, "mttr").value == 4);
  CHECK(at(summary.disturbances[1].metrics, "mttr").reason == "the backend did not confirm it before the run ended");
  Summary none;
  add_disturbances(none, {event("fault", "slow-node", hurt(0, 0, 0, 0), "issued")});
  CHECK(at(none.run, "mttr").reason == "the backend did not confirm it before the run ended");
  CHECK_FALSE(at(none.run, "faults_censored").value.has_value());
}

TEST_CASE("a reconfiguration takes from command to confirmation") {
  auto change = event("reconfigure", "parallelism", {}, "issued");
  CHECK(reconfiguration_time(change).reason == "the backend did not confirm it before the run ended");
  change.confirmed_s = 12.5;
  CHECK(*reconfiguration_time(change).value == 2.5);
  change.status = "failed";
  change.text = "no such stage";
  CHECK(reconfiguration_time(change).reason == "the backend did not do it: no such stage");
}
