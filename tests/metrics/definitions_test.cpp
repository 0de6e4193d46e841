#include "metrics/definitions.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

TEST_CASE("names are unique and every definition says what, of what and in which unit") {
  const auto names = host::metrics::metric_names();
  CHECK(std::set(names.begin(), names.end()).size() == names.size());
  for (const auto& definition : host::metrics::metric_definitions()) {
    CHECK_FALSE(definition.unit.empty());
    CHECK_FALSE(definition.of.empty());
    CHECK_FALSE(definition.formula.empty());
    CHECK_FALSE(definition.formula.ends_with('.'));
  }
}

TEST_CASE("a metric is found by its full name or its family's") {
  CHECK(host::metrics::find_metric("latency_p99") == host::metrics::find_metric("latency"));
  CHECK(host::metrics::find_metric("ttft_service_p50")->name == "ttft_service");
  CHECK(host::metrics::find_metric("ttft_p50")->name == "ttft");
  CHECK(host::metrics::find_metric("load_balance_sigma")->name == "load_balance_sigma");
  CHECK(host::metrics::find_metric("latency_p42") == nullptr);
  CHECK(host::metrics::find_metric("latency_") == nullptr);
  CHECK(host::metrics::find_metric("throughput_p99") == nullptr);
}

TEST_CASE("explain tells unit, definition, rule and source") {
  CHECK(*host::metrics::explain("goodput") ==
        "goodput  [1/s]  of each: run, phase, class, tenant\n"
        "  (ok in the window and every SLO of its class met) / window.\n"
        "  Source: Zhong et al. (DistServe), OSDI 2024.\n");
  CHECK(host::metrics::explain("latency_p99")->find("n(1 - q) >= 10") != std::string::npos);
  CHECK(host::metrics::explain("latency_max")->find("n(1 - q) >= 10") == std::string::npos);
  CHECK(host::metrics::explain("itl")->find("p50, p95, p99") != std::string::npos);
  CHECK_FALSE(host::metrics::explain("nonsense"));
}

TEST_CASE("ranks are unique, and what is compared has a rank and a direction") {
  std::set<int> ranks;
  for (const auto& definition : host::metrics::metric_definitions()) {
    CAPTURE(definition.name);
    if (definition.rank > 0) CHECK(ranks.insert(definition.rank).second);
    if (definition.compared == host::metrics::nowhere) continue;
    CHECK(definition.rank > 0);
    CHECK(definition.better != host::metrics::Direction::none);
  }
}

TEST_CASE("a metric that counted nothing has the table's reason") {
  CHECK(host::metrics::not_counted("ttft_p99").reason == "no request reported a first token");
  CHECK_FALSE(host::metrics::not_counted("ttft_p99").value);
  CHECK_THROWS(host::metrics::not_counted("ttft_p98"));
}
