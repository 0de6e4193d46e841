#include "compare/gate.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "made_results.hpp"

namespace host::compare {
namespace {

GateResult judged(const ResultSet& results, std::string_view gate, bool lenient = false) {
  return judge_gate(compare(results, {}), parse_gate(gate), lenient);
}

ResultSet two_sides(double latency_of_ray, size_t repetitions = 5) {
  ResultSet results;
  add(results, {.side = "sage", .latency_p99 = 10}, repetitions);
  add(results, {.side = "ray", .latency_p99 = latency_of_ray}, repetitions);
  return results;
}

}  // namespace

TEST_CASE("conditions are parsed") {
  const auto conditions = parse_gate(" latency_p99<=1.10, throughput >= 95% ,class:chat/slo_attainment>0.98");
  REQUIRE(conditions.size() == 3);
  CHECK(conditions[0].scope == "total");
  CHECK(conditions[0].metric == "latency_p99");
  CHECK(conditions[0].at_most);
  CHECK(conditions[0].bound == 1.1);
  CHECK(conditions[1].bound == 0.95);
  CHECK_FALSE(conditions[1].at_most);
  CHECK(conditions[2].scope == "class:chat");
  CHECK(conditions[2].metric == "slo_attainment");
  CHECK(parse_gate("").empty());
  CHECK(parse_gate("class:a/b/latency_p99<=1")[0].scope == "class:a/b");
}

TEST_CASE("what cannot be parsed is told with its place and the remedy") {
  const auto refused = [](std::string_view text, const char* position, const char* cause) {
    try {
      (void)parse_gate(text);
      FAIL("accepted");
    } catch (const base::Error& e) {
      CAPTURE(std::string(e.what()));
      CHECK(e.code() == base::Exit::usage);
      const std::string_view what = e.what();
      CHECK(what.find(position) != std::string_view::npos);
      CHECK(what.find(cause) != std::string_view::npos);
      CHECK(what.find("write conditions as") != std::string_view::npos);
    }
  };
  refused("latency_p99", "character 1:", "neither <= nor >=");
  refused("latency_p99<=1.1, latncy_p95<=1", "character 19:", "did you mean 'latency_p95'");
  refused("latency_p99<=fast", "character 14:", "'fast' is no ratio");
  refused("latency_p99<=-1", "character 14:", "no ratio above 0");
  refused("latency_p99<=nan", "character 14:", "no ratio above 0");
  refused("latency_p99<=1.1,", "character 18:", "empty condition");
  refused("clas:chat/latency_p99<=1.1", "character 1:", "no scope");
  refused("latency<=1.1", "character 1:", "no metric is called 'latency'");
}

TEST_CASE("a condition is met by the whole interval, missed by the whole interval, else inconclusive") {
  const auto results = two_sides(10.8);  // 1.08, give or take 0.025
  CHECK(judged(results, "latency_p99<=1.2").lines[0].state == GateState::met);
  CHECK(judged(results, "latency_p99<=1.2").passed);
  CHECK(judged(results, "latency_p99<=1.01").lines[0].state == GateState::not_met);
  CHECK(judged(results, "latency_p99<=1.08").lines[0].state == GateState::inconclusive);
  CHECK_FALSE(judged(results, "latency_p99<=1.08").passed);
  CHECK(judged(results, "latency_p99<=1.08", true).passed);
  CHECK_FALSE(judged(results, "latency_p99<=1.01", true).passed);
  CHECK(judged(results, "latency_p99>=1.01").passed);
  const auto both = judged(results, "latency_p99<=1.2, throughput>=1.5");
  CHECK(both.lines.size() == 2);
  CHECK_FALSE(both.passed);
  CHECK(both.lines[0].where == "Q1 aaaaaaaaaaaa ray/sage");
}

TEST_CASE("a bound far from 1 is told to be a ratio") {
  CHECK(
      unlikely_bound(parse_gate("latency_p99<=500").at(0)) ==
      "gate 'latency_p99<=500': bounds are ratios, candidate / baseline, and no ms: 500 means 500 times the baseline");
  CHECK_FALSE(unlikely_bound(parse_gate("throughput>=0.05").at(0)).empty());
  CHECK(unlikely_bound(parse_gate("latency_p99<=10").at(0)).empty());
}

TEST_CASE("nothing instead of something does not pass, not even leniently") {
  ResultSet results;
  add(results, {.side = "sage", .success_rate = 1}, 3);
  add(results, {.side = "ray", .success_rate = 0}, 3);
  CHECK(judged(results, "success_rate>=0.99", true).lines[0].state == GateState::not_met);
  CHECK_FALSE(judged(results, "success_rate>=0.99", true).passed);
}

TEST_CASE("too few repetitions are inconclusive") {
  const auto results = two_sides(10, 2);
  CHECK(judged(results, "latency_p99<=1.2").lines[0].state == GateState::inconclusive);
  CHECK_FALSE(judged(results, "latency_p99<=1.2").passed);
  CHECK(judged(results, "latency_p99<=1.2", true).passed);
}

TEST_CASE("what is not there does not pass, not even leniently") {
  const auto results = two_sides(10);
  for (const auto* gate : {"goodput>=0.5", "class:chat/latency_p99<=1.1", "latency_p95<=2"}) {
    CAPTURE(gate);
    const auto gate_result = judged(results, gate, true);
    CHECK(gate_result.lines[0].state == GateState::missing);
    CHECK_FALSE(gate_result.passed);
  }
  ResultSet one_side;
  add(one_side, {.side = "sage"}, 5);
  CHECK_FALSE(judged(one_side, "latency_p99<=1.1", true).passed);
  auto other_config = two_sides(10);
  add(other_config, {.side = "sage", .workload = "Q2"}, 5);
  CHECK_FALSE(judged(other_config, "latency_p99<=1.1", true).passed);
  CHECK(judged(other_config, "").passed);  // no gate
}

TEST_CASE("an invalid comparison does not pass") {
  auto results = two_sides(10);
  add(results, {.side = "ray", .metadata = {{"status", "failed"}}});
  const auto gate_result = judged(results, "latency_p99<=1.5", true);
  CHECK(gate_result.lines[0].state == GateState::not_met);
  CHECK_FALSE(gate_result.passed);
}

}  // namespace host::compare
