#include "workloads/q5/hetero_resilience.hpp"

#include <doctest/doctest.h>

#include "workloads/drive.hpp"
#include "workloads/q5/node_classes.hpp"

using workloads::q5::HeteroResilience;
using workloads::q5::read_node_classes;

namespace {

const sage::Json load = {{"total_requests", 100}, {"warmup_items", 10}};
const sage::Json cluster = {"nodes", "node-classes", "fault.kill-node", "fault.kill-worker"};
const sage::Json process = {"fault.kill-worker"};

HeteroResilience q5(const sage::Json& capabilities, const sage::Json& changes = sage::Json::object()) {
  sage::Json options = {{"load", load}, {"capabilities", capabilities}};
  options.update(changes);
  return {sage::Host(nullptr), "q5", options};
}

// One request every 10 ms.
std::vector<sage::Event> timeline_of(HeteroResilience& w, size_t requests = 110) {
  std::vector<sage_request> rows(requests);
  for (size_t seq = 0; seq < rows.size(); ++seq) {
    rows[seq].seq = seq;
    rows[seq].due_ns = static_cast<int64_t>(seq) * 10'000'000;
  }
  w.plan(rows);
  return w.events(INT64_MAX);
}

constexpr std::array<std::string_view, 2> abilities = {"llm", "embedding"};

}  // namespace

TEST_CASE("node classes are read as they are written") {
  const auto nodes = read_node_classes("fast:1x1.0,slow:3x0.35,no-llm:1", abilities);
  REQUIRE(nodes.size() == 5);
  CHECK(nodes[0].name == "fast");
  CHECK(nodes[0].abilities == std::vector<std::string>{"llm", "embedding"});
  CHECK(nodes[3].speed == 0.35);
  CHECK(nodes[4].speed == 1);
  CHECK(nodes[4].abilities == std::vector<std::string>{"embedding"});
}

TEST_CASE("a node class that cannot be read is named") {
  for (const auto* text : {"fast", "fast:", ":1", "fast:0", "fast:1x", "fast:1x0", "fast:1x-1", "fast:1.5", "a:1,,b:1",
                           "fast:100000,slow:1", "fast:1y2"})
    CHECK_THROWS_WITH_AS(read_node_classes(text, abilities), doctest::Contains("is not NAME:COUNT"), sage::Failure);
  CHECK_THROWS_WITH_AS(read_node_classes("", abilities), doctest::Contains("is empty"), sage::Failure);
}

TEST_CASE("Q5: on a cluster the fastest node fails and comes back") {
  auto w = q5(cluster, {{"node_classes", "slow:2x0.5,fast:1x2"}});
  CHECK(w.describe().nodes.size() == 3);
  CHECK(w.describe().stages[0].needs == std::vector<std::string>{"llm"});
  const auto events = timeline_of(w);
  REQUIRE(events.size() == 5);
  CHECK(events[0].target == "before");
  CHECK(events[0].due_ns == 100'000'000);  // the first measured request
  CHECK(events[2].kind == SAGE_EVENT_FAULT);
  CHECK(events[2].target == "kill-node");
  CHECK(events[2].args == sage::Json{{"node", 2}});
  CHECK(events[2].due_ns == 500'000'000);
  CHECK(events[4].kind == SAGE_EVENT_HEAL);
  CHECK(events[4].due_ns == 800'000'000);
  CHECK(w.conclude().report["not_exercised"] == "nothing");
}

TEST_CASE("Q5: in one process a worker fails, and the record says what was not exercised") {
  auto w = q5(process);
  CHECK(w.describe().nodes.empty());
  const auto events = timeline_of(w);
  REQUIRE(events.size() == 5);
  CHECK(events[2].target == "kill-worker");
  CHECK(events[2].args == sage::Json{{"stage", "chat"}, {"worker", 0}});
  const auto report = w.conclude().report;
  const auto text = report["not_exercised"].get<std::string>();
  CHECK(text.find("nodes of different speed") != std::string::npos);
  CHECK(text.find("a worker of stage chat fails instead") != std::string::npos);
}

TEST_CASE("Q5: where nothing can fail, or nothing says when, there is no failure, and that is said") {
  auto no_faults = q5(sage::Json::array());
  CHECK(timeline_of(no_faults).empty());
  CHECK(no_faults.conclude().report["failure"] == "none");
  auto closed = q5(cluster, {{"load", {{"total_requests", 100}, {"concurrency", 4}}}});
  CHECK(timeline_of(closed).empty());
  CHECK(closed.conclude().report["not_exercised"].get<std::string>().find("without due times") != std::string::npos);
  auto never = q5(cluster, {{"fail_at", 1.0}});
  CHECK(timeline_of(never).empty());
  CHECK(never.conclude().report["not_exercised"] == "any failure: --fail-at 1 is after the end");
}

TEST_CASE("Q5: a run bounded by time fails at a share of the time") {
  auto w = q5(process, {{"load", {{"duration", 0.5}, {"warmup_items", 10}}}});
  const auto events = timeline_of(w);
  REQUIRE(events.size() == 5);
  CHECK(events[2].due_ns == 300'000'000);
  CHECK(events[4].due_ns == 450'000'000);
}

TEST_CASE("Q5: events are handed out up to the time asked for") {
  auto w = q5(process);
  std::vector<sage_request> rows(110);
  for (size_t seq = 0; seq < rows.size(); ++seq) {
    rows[seq].seq = seq;
    rows[seq].due_ns = static_cast<int64_t>(seq) * 10'000'000;
  }
  w.plan(rows);
  CHECK(w.events(499'000'000).size() == 1);
  CHECK(w.events(500'000'000).size() == 2);
  CHECK(w.events(INT64_MAX).size() == 2);
}

TEST_CASE("Q5: options that contradict each other are refused by name") {
  CHECK_THROWS_WITH_AS(q5(cluster, {{"nodes", 3}}), doctest::Contains("leave --nodes out"), sage::Failure);
  CHECK_THROWS_WITH_AS(q5(cluster, {{"fail_at", 0.8}}), doctest::Contains("must be before --heal-at"), sage::Failure);
}
