// Who is served first, and where: schedulers by deadline and by load, nodes of different kinds.
#include <doctest/doctest.h>

#include "lab.hpp"

using lab::ms;

namespace {

sage::Description two_classes() {
  auto description = lab::one_stage(10e6);
  description.classes = {{"loose", 500 * ms}, {"tight", 100 * ms}, {"none"}};
  return description;
}

// Requests 1 to 6 wait for request 0.
std::vector<uint64_t> order_under(const std::string& scheduler) {
  lab::Lab lab({.description = two_classes(), .scheduler = scheduler});
  for (uint64_t seq = 0; seq < 7; ++seq) {
    auto row = lab::request(seq, static_cast<int64_t>(seq) * ms);
    row.class_id = static_cast<uint16_t>(seq % 3);
    row.priority = seq < 4 ? 1 : 0;
    lab.offer(row);
  }
  lab.finish();
  return lab.order;
}

sage::Description mixed_nodes() {
  auto description = lab::one_stage(10e6);
  description.stages.push_back({.name = "llm", .operator_name = "serve", .cost_base_ns = 10e6, .needs = {"llm"}});
  description.pipelines.push_back({"llm", {{1, {}}}});
  description.nodes = {{"fast", 2, {"llm"}}, {"slow", 0.5, {"llm"}}, {"no-llm", 1, {}}};
  return description;
}

}  // namespace

TEST_CASE("slo_aware serves the earliest deadline first, and what has none last") {
  CHECK(order_under("slo_aware") == std::vector<uint64_t>{0, 1, 4, 3, 6, 2, 5});
}

TEST_CASE("hybrid serves by priority, and by deadline within one") {
  CHECK(order_under("hybrid") == std::vector<uint64_t>{0, 4, 6, 5, 1, 3, 2});
}

TEST_CASE("a stage runs only on nodes that have what it needs, at their speeds") {
  lab::Lab lab({.description = mixed_nodes(), .nodes = 3});
  for (uint64_t seq = 0; seq < 3; ++seq) {
    auto row = lab::request(seq);
    row.pipeline = 1;
    lab.offer(row);
  }
  lab.finish();
  CHECK(lab.end_of(0) == 5 * ms);   // fast
  CHECK(lab.end_of(1) == 20 * ms);  // slow
  CHECK(lab.end_of(2) == 10 * ms);  // waited for fast
  CHECK(lab.ended.at(2).node == 0);
}

TEST_CASE("a run that no node can host is refused") {
  auto description = mixed_nodes();
  description.nodes = {{"no-llm", 1, {}}};
  CHECK_THROWS_WITH_AS(lab::Lab({.description = description}),
                       "mock: no node has what stage 'llm' needs; give one to a class of nodes", sage::Failure);
}

TEST_CASE("the last node that can run a stage cannot be removed") {
  auto description = mixed_nodes();
  description.nodes.erase(description.nodes.begin() + 1);
  lab::Lab lab({.description = description, .nodes = 2});
  CHECK_THROWS_WITH_AS(lab.control(SAGE_EVENT_RECONFIGURE, "remove-node", {{"node", 0}}),
                       doctest::Contains("last one that can run stage 'llm'"), sage::Failure);
}

TEST_CASE("load_aware prefers the node that executes least for its speed") {
  for (const auto* scheduler : {"default", "load_aware"}) {
    auto description = lab::one_stage(10e6);
    description.nodes = {{"slow", 0.5, {}}, {"fast", 2, {}}};
    lab::Lab lab({.description = description, .nodes = 2, .parallelism = 2, .scheduler = scheduler});
    lab.offer(lab::request(0));
    lab.offer(lab::request(1));
    lab.finish();
    const bool by_load = scheduler == std::string("load_aware");
    CHECK(lab.ended.at(0).node == (by_load ? 1 : 0));
    CHECK(lab.ended.at(1).node == (by_load ? 1 : 0));  // two on a node of speed 2 are less than one on one of 0.5
  }
}
