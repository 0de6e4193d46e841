#include <doctest/doctest.h>

#include "lab.hpp"

using lab::ms;
using lab::us;

namespace {

// split -> {left 10 ms, right 30 ms} -> join
sage::Description diamond() {
  sage::Description description;
  description.stages = {{.name = "split", .operator_name = "x", .cost_base_ns = 1e6},
                        {.name = "left", .operator_name = "x", .cost_base_ns = 10e6},
                        {.name = "right", .operator_name = "x", .cost_base_ns = 30e6},
                        {.name = "join", .operator_name = "x", .cost_base_ns = 2e6}};
  description.pipelines = {{"diamond", {{0, {}}, {1, {0}}, {2, {0}}, {3, {1, 2}}}}};
  return description;
}

}  // namespace

TEST_CASE("a step begins when the last of its inputs is there") {
  lab::Lab lab({.description = diamond()});
  lab.offer(lab::request(0));
  lab.finish();
  CHECK(lab.end_of(0) == 33 * ms);
  CHECK(lab.begin_of(0) == 0);
  const auto& spans = lab.spans[0];
  REQUIRE(spans.size() == 4);
  const std::vector<int64_t> begins = {0, 1 * ms, 1 * ms, 31 * ms};
  for (uint16_t step = 0; step < 4; ++step) {
    CHECK(spans[step].step == step);
    CHECK(spans[step].stage == step);
    CHECK(spans[step].begin_ns - lab::start_ns == begins[step]);
  }
  CHECK(lab.broken_rules == 0);
}

TEST_CASE("two pipelines share the replicas of a stage that both name") {
  auto description = diamond();
  description.pipelines.push_back({"left alone", {{1, {}}}});
  lab::Lab lab({.description = description});
  lab.offer(lab::request(0));
  auto other = lab::request(1, 2 * ms);
  other.pipeline = 1;
  lab.offer(other);
  lab.finish();
  CHECK(lab.begin_of(1) == 11 * ms);  // after the diamond's left branch
}

TEST_CASE("when one branch fails the request ends once, and its other branch is not reported") {
  lab::Lab lab({.description = diamond()});
  lab.offer(lab::request(0));
  lab.advance(5 * ms);
  lab.control(SAGE_EVENT_FAULT, "kill-worker", {{"stage", "left"}, {"worker", 0}});
  CHECK(lab.status_of(0) == SAGE_DONE_ERROR);
  CHECK(lab.end_of(0) == 5 * ms);
  CHECK(lab.spans[0].size() == 1);
  CHECK(lab.backend().drain(0));
  lab.control(SAGE_EVENT_HEAL, "kill-worker", {{"stage", "left"}, {"worker", 0}});
  lab.offer(lab::request(1, 6 * ms));
  lab.finish();
  CHECK(lab.spans[1][2].begin_ns - lab::start_ns == 31 * ms);  // the dead request still held the right branch
  CHECK(lab.status_of(1) == SAGE_DONE_OK);
  CHECK(lab.broken_rules == 0);
}

TEST_CASE("inputs from another node cost a hop, from the same node none") {
  auto description = lab::one_stage(1e6);
  description.stages.push_back({.name = "second", .operator_name = "x", .cost_base_ns = 1e6});
  description.pipelines = {{"chain", {{0, {}}, {1, {0}}}}};
  lab::Lab lab({.description = description, .options = {{"network_us", 100}}, .nodes = 2});
  lab.offer(lab::request(0));
  lab.offer(lab::request(1, 10 * ms));
  lab.offer(lab::request(2, 20 * ms));
  lab.control(SAGE_EVENT_FAULT, "freeze-worker", {{"stage", "second"}, {"worker", 0}});
  lab.finish();
  CHECK(lab.end_of(0) == 2 * ms);  // both on node 0
  CHECK(lab.spans[0][1].node == 0);
  CHECK(lab.end_of(1) == 12 * ms);  // both on node 1
  CHECK(lab.end_of(2) == 22 * ms + 100 * us);
  CHECK(lab.spans[2][1].begin_ns - lab.spans[2][0].end_ns == 100 * us);
}

TEST_CASE("services take as long as the cost model and the node's speed say") {
  auto description = lab::one_stage(1e6);
  description.stages[0].cost_per_unit_in_ns = 1e4;
  description.stages[0].cost_per_unit_out_ns = 1e5;
  lab::Lab lab({.description = description, .options = {{"node_speeds", "1,0.5"}}, .nodes = 2});
  for (uint64_t seq = 0; seq < 2; ++seq) {
    auto row = lab::request(seq);
    row.units_in = 100;
    row.units_out = 20;
    lab.offer(row);
  }
  lab.finish();
  CHECK(lab.end_of(0) == 4 * ms);
  CHECK(lab.end_of(1) == 8 * ms);
  // The first token: after the base and the input.
  CHECK(lab.partial.at(0).at_ns - lab::start_ns == 2 * ms);
  CHECK(lab.partial.at(1).at_ns - lab::start_ns == 4 * ms);
  CHECK(lab.partial.at(0).units == 1);
  CHECK(lab.ended.at(0).units == 20);
  const auto stats = lab.backend().stats();
  REQUIRE(stats.n_nodes == 2);
  CHECK(stats.nodes[0]->busy_ns == 4e6);
  CHECK(stats.nodes[1]->busy_ns == 4e6);  // the same work
  CHECK(stats.nodes[1]->capacity == 0.5);
}

TEST_CASE("only the last step streams, and only more than one token") {
  auto description = lab::one_stage(1e6);
  description.stages[0].cost_per_unit_out_ns = 1e6;
  description.stages.push_back({.name = "plain", .operator_name = "x", .cost_base_ns = 1e6});
  description.pipelines = {{"streams", {{1, {}}, {0, {0}}}}, {"does not", {{0, {}}, {1, {0}}}}};
  lab::Lab lab({.description = description});
  for (uint64_t seq = 0; seq < 3; ++seq) {
    auto row = lab::request(seq, static_cast<int64_t>(seq) * 100 * ms);
    row.pipeline = seq == 1;
    row.units_out = seq == 2 ? 1 : 10;
    lab.offer(row);
  }
  lab.finish();
  REQUIRE(lab.partial.size() == 1);
  CHECK(lab.partial.at(0).at_ns - lab::start_ns == 2 * ms);
  CHECK(lab.partial.at(0).begun_ns == lab.ended.at(0).begun_ns);
}

TEST_CASE("service_ms sets the mean of every stage") {
  lab::Lab lab({.description = diamond(), .options = {{"service_ms", 7}}});
  lab.offer(lab::request(0));
  lab.finish();
  CHECK(lab.end_of(0) == 21 * ms);
}
