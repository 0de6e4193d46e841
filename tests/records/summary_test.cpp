#include "records/summary.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "metrics/definitions.hpp"

using host::metrics::Counters;
using host::metrics::CounterTable;
using host::metrics::Outcome;
using host::records::RunResult;

namespace {

constexpr int64_t ms = 1'000'000;

uint64_t& count_of(Counters& cell, Outcome outcome) { return cell.outcomes[static_cast<size_t>(outcome)]; }

// `ok` requests that take 1, 2, 3, ... ms, and `timeouts` more.
void fill(Counters& cell, uint64_t ok, uint64_t timeouts) {
  cell.offered = ok + timeouts;
  count_of(cell, Outcome::ok) = ok;
  count_of(cell, Outcome::timeout) = timeouts;
  cell.slo_met = ok / 2;
  cell.ok_in_window = ok;
  cell.slo_in_window = ok / 2;
  for (uint64_t i = 1; i <= ok; ++i) cell.response.record(static_cast<int64_t>(i) * ms);
}

// Two phases of 10 s and 5 s, two classes, two tenants.
RunResult sample_result() {
  RunResult result;
  result.window_s = 15;
  result.phase_windows = {{"calm", 10}, {"burst", 5}};
  result.cells.emplace(std::vector<std::string>{"calm", "burst"}, std::vector<std::string>{"chat", "embed"},
                       std::vector<std::string>{"a", "b"});
  fill(result.cells->at(0, 0, 0), 100, 0);
  fill(result.cells->at(0, 1, 1), 20, 0);
  fill(result.cells->at(1, 0, 0), 40, 10);
  return result;
}

}  // namespace

TEST_CASE("rates are of the window, shares are of what was offered") {
  const auto total = host::records::summarize(sample_result()).total;
  CHECK(total.offered == 170);
  CHECK(*total.value("offered_rate") == doctest::Approx(170.0 / 15));
  CHECK(*total.value("throughput") == doctest::Approx(160.0 / 15));
  CHECK(*total.value("goodput") == doctest::Approx(80.0 / 15));
  CHECK(*total.value("success_rate") == doctest::Approx(160.0 / 170));
  CHECK(*total.value("slo_attainment") == doctest::Approx(80.0 / 170));
}

TEST_CASE("throughput counts only what ended in the window") {
  RunResult result = sample_result();
  result.cells->at(1, 0, 0).ok_in_window = 30;
  result.cells->at(1, 0, 0).slo_in_window = 20;
  const auto burst = host::records::summarize(result).phases[1];
  CHECK(*burst.value("throughput") == doctest::Approx(30.0 / 5));
  CHECK(*burst.value("goodput") == doctest::Approx(20.0 / 5));
  CHECK(*burst.value("success_rate") == doctest::Approx(0.8));  // the late ones still ended ok
}

TEST_CASE("a window that is short beside its requests has no throughput, and says why") {
  RunResult result = sample_result();
  auto& burst = result.cells->at(1, 0, 0);
  burst.ok_in_window = 9;  // fewer than ten
  const auto few = host::records::summarize(result).phases[1];
  CHECK_FALSE(few.value("throughput"));
  CHECK_FALSE(few.value("goodput"));
  CHECK(few.at("throughput").reason.starts_with("31 of 40 ok requests ended after the window of 5 s"));
  burst.ok_in_window = 20;
  CHECK(host::records::summarize(result).phases[1].value("throughput"));
  burst.service.record(300'000'000, 40);  // all of 0.3 s or more, of 5 s
  burst.ok_in_window = 40;
  CHECK(host::records::summarize(result).phases[1].value("throughput"));  // all ended in it
}

TEST_CASE("each projection has its own requests and window") {
  const auto summary = host::records::summarize(sample_result());
  CHECK(summary.classes.size() == 2);
  CHECK(summary.classes[0].class_name == "chat");
  CHECK(summary.classes[0].offered == 150);
  CHECK(summary.classes[1].offered == 20);
  CHECK(summary.tenants[1].tenant == "b");
  CHECK(summary.tenants[1].offered == 20);
  CHECK(summary.phases[1].phase == "burst");
  CHECK(*summary.phases[1].value("offered_rate") == doctest::Approx(10));
  CHECK(summary.phase_classes.size() == 4);
  CHECK(summary.phase_classes[1].phase == "calm");
  CHECK(summary.phase_classes[1].class_name == "embed");
  CHECK(*summary.phase_classes[1].value("throughput") == doctest::Approx(2));
}

TEST_CASE("quantiles are in ms and exact to 3 digits") {
  const auto chat = host::records::summarize(sample_result()).phase_classes[0];  // 1..100 ms
  CHECK(*chat.value("latency_p50") == doctest::Approx(50).epsilon(0.001));
  CHECK(*chat.value("latency_p90") == doctest::Approx(90).epsilon(0.001));
  CHECK(*chat.value("latency_max") == doctest::Approx(100));
  CHECK(*chat.value("latency_mean") == doctest::Approx(50.5));
}

TEST_CASE("a quantile needs n(1 - q) >= 10 samples, and says so") {
  CHECK(host::metrics::samples_needed(0.5) == 20);
  CHECK(host::metrics::samples_needed(0.9) == 100);
  CHECK(host::metrics::samples_needed(0.95) == 200);
  CHECK(host::metrics::samples_needed(0.99) == 1000);
  CHECK(host::metrics::samples_needed(0.999) == 10000);
  CHECK(host::metrics::samples_needed(1) == UINT64_MAX);
  CHECK(host::metrics::samples_needed(1 - 1e-16) == 90'071'992'547'409'920);
  Counters cell;
  fill(cell, 999, 0);
  CHECK_FALSE(host::records::summarize(cell, 1).value("latency_p99"));
  CHECK(host::records::summarize(cell, 1).at("latency_p99").reason == "needs 1000 samples, has 999");
  cell.response.record(ms);
  CHECK(host::records::summarize(cell, 1).value("latency_p99"));
}

TEST_CASE("what was not measured is null with a reason, never 0") {
  const auto summary = host::records::summarize(RunResult{});
  for (const auto& metric : summary.total.metrics) {
    CHECK_MESSAGE(!metric.value, metric.name);
    CHECK_MESSAGE(!metric.reason.empty(), metric.name);
  }
  CHECK(summary.total.at("success_rate").reason == "no request was offered");
  CHECK(summary.total.at("throughput").reason == "the window has no length");
  CHECK(summary.total.at("ttft_p99").reason == "no request reported a first token");
  CHECK(host::records::to_json(summary)["total"]["reasons"]["latency_p50"] == "no request ended ok");
  CHECK(host::records::to_json(summary)["total"]["latency_p50"].is_null());
}

TEST_CASE("load balance compares work done with capacity") {
  RunResult result;
  // loads 1, 2, 3: Jain 36/(3*14); sigma = sqrt(2/3), mu = 2
  result.nodes = {{0, 2, 2}, {1, 2, 1}, {2, 6, 2}};
  auto run = host::records::summarize(result).run;
  CHECK(run[0].name == "load_balance");
  CHECK(*run[0].value == doctest::Approx(36.0 / 42));
  CHECK(run[1].name == "load_balance_sigma");
  CHECK(*run[1].value == doctest::Approx(1 - std::sqrt(2.0 / 3) / 2));
  result.nodes = {{0, 2, 2}};
  CHECK(host::records::summarize(result).run[0].reason == "needs two nodes or more, the backend reports 1");
  result.nodes = {{0, 2, 2}, {7, 1, 0}};
  CHECK(host::records::summarize(result).run[0].reason == "node 7 reports no capacity");
  result.nodes = {{0, 0, 2}, {1, 0, 2}};
  CHECK(host::records::summarize(result).run[0].reason == "no node reports work");
}

TEST_CASE("fairness compares each tenant's throughput with its demand") {
  RunResult result = sample_result();
  // a: 140 of 150, b: 20 of 20
  const double a = 140.0 / 150;
  CHECK(*host::records::summarize(result).run[2].value == doctest::Approx((a + 1) * (a + 1) / (2 * (a * a + 1))));
}

TEST_CASE("stages have waiting and service times") {
  RunResult result;
  host::records::StageTimes stage{"embed", {}, {}};
  for (int i = 0; i < 100; ++i) stage.service.record(2 * ms);
  stage.wait.record(ms, 100);
  result.stages.push_back(std::move(stage));
  const auto json = host::records::to_json(host::records::summarize(result))["stages"][0];
  CHECK(json["stage"] == "embed");
  CHECK(json["executions"] == 100);
  CHECK(json["stage_service_mean"] == 2.0);
  CHECK(json["stage_wait_p50"].get<double>() == doctest::Approx(1).epsilon(0.001));
  CHECK(json["stage_wait_p99"].is_null());
}

TEST_CASE("every key of a summary is a defined metric or names a set") {
  const auto json = host::records::to_json(host::records::summarize(sample_result()));
  const auto defined = [](const std::string& key) {
    for (const auto* set : {"phase", "class", "tenant", "stage", "executions", "reasons", "kind", "target", "events",
                            "refused", "unconfirmed", "censored"})
      if (key == set) return true;
    return host::metrics::find_metric(key) != nullptr;
  };
  for (const auto* object : {"total", "run"})
    for (const auto& [key, value] : json[object].items()) CHECK_MESSAGE(defined(key), key);
  for (const auto* array :
       {"classes", "tenants", "phases", "phase_classes", "phase_tenants", "shared_phases", "disturbances", "stages"})
    for (const auto& row : json[array])
      for (const auto& [key, value] : row.items()) CHECK_MESSAGE(defined(key), key);
}

TEST_CASE("heterogeneous efficiency compares with the offered rate, or with what the nodes could do if that is less") {
  host::records::RunResult result;
  result.window_s = 10;
  const std::vector<std::string> run = {"run"}, all = {"all"}, only = {"default"};
  auto& cell = result.cells.emplace(run, all, only).at(0, 0, 0);
  cell.offered = 1000;
  cell.outcomes[0] = cell.ok_in_window = 600;
  result.ledger.outcomes[0] = 600;
  // 600 requests took 12 s of work at speed 1, 20 ms each: capacities of 1 + 0.5 give 75/s at most, offered are 100/s.
  result.nodes.push_back({0, 9, 1.0});
  result.nodes.push_back({1, 3, 0.5});
  const auto value = [](const host::records::RunResult& of) {
    const auto metrics = host::records::summarize(of).run;
    return *std::find_if(metrics.begin(), metrics.end(),
                         [](const auto& metric) { return metric.name == "heterogeneous_efficiency"; });
  };
  CHECK(value(result).value.value() == doctest::Approx(60.0 / 75.0));
  result.nodes[1].capacity = 3;  // 200/s: the offered rate is less
  CHECK(value(result).value.value() == doctest::Approx(60.0 / 100.0));
  result.nodes.pop_back();
  CHECK(value(result).reason == "needs two nodes or more, the backend reports 1");
}
