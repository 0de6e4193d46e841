// Faults and reconfiguration of stateless stages, and what is refused.
#include <doctest/doctest.h>

#include <atomic>

#include "fake_run.hpp"

using fake::Context;
using fake::Gate;
using fake::Run;

namespace {

std::string failure_of(const std::function<void()>& call, sage_status status) {
  try {
    call();
  } catch (const sage::Failure& failure) {
    CHECK(failure.status() == status);
    return failure.what();
  }
  return "(no failure)";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a killed worker takes only what it executes with it") {
  fake::Workload workload;
  Gate gate;
  std::atomic<uint32_t> victim = 0;
  workload.chain({workload.stage("s", [&](Context c) {
    c.give(c.in.request().seq);
    if (c.in.request().seq != 0) return;
    victim = c.replica;
    gate.pass();
  })});
  Run run(workload, {.parallelism = 2});
  run.open();
  run.submit({Run::request(0)});
  REQUIRE(gate.wait_for_arrivals(1));
  const auto event = run.fault("kill-worker", "s", victim);
  run.submit({Run::request(1), Run::request(2), Run::request(3)});
  REQUIRE(run.host.wait_for_ends(3));     // the other worker serves the queue
  CHECK_FALSE(run.host.answered(event));  // while the operator computes, the crash is not complete
  gate.open();
  REQUIRE(run.drain());
  REQUIRE(run.host.wait_for_event(event));
  for (const auto& [id, end] : run.host.ends()) CHECK(end.row.status == (id == 1 ? SAGE_DONE_ERROR : SAGE_DONE_OK));
  CHECK(run.host.ends().at(1).result.empty());
}

TEST_CASE("a kill ends a hold at once; requests wait until the worker is healed") {
  fake::Workload workload;
  Gate holding;
  holding.open();
  workload.chain({workload.stage("s", [&](Context c) {
    if (c.in.request().seq != 0) return;
    c.out.hold_ns = fake::hour_ns;
    holding.pass();
  })});
  Run run(workload);
  run.open();
  run.submit({Run::request(0), Run::request(1)});
  REQUIRE(holding.wait_for_arrivals(1));
  REQUIRE(run.host.wait_for_event(run.fault("kill-worker", "s", 0)));
  CHECK(run.host.ends().at(1).row.status == SAGE_DONE_ERROR);
  CHECK_FALSE(run.backend.drain(1'000'000));
  CHECK(run.host.ends().size() == 1);
  REQUIRE(run.host.wait_for_event(run.heal("kill-worker", "s", 0)));
  REQUIRE(run.drain());
  CHECK(run.host.ends().at(2).row.status == SAGE_DONE_OK);
}

TEST_CASE("a worker whose operator cannot be opened again stays dead until a later attempt") {
  fake::Workload workload;
  workload.chain({workload.stage("s", [](Context) {})});
  Run run(workload);
  run.open();
  REQUIRE(run.host.wait_for_event(run.fault("kill-worker", "s", 0)));
  workload.refuse_to_open = true;
  const auto event = run.heal("kill-worker", "s", 0);
  REQUIRE(run.host.wait_for_event(event, SAGE_FAILED));
  workload.refuse_to_open = false;
  REQUIRE(run.host.wait_for_event(run.heal("kill-worker", "s", 0)));
  run.submit({Run::request(0)});
  REQUIRE(run.drain());
}

TEST_CASE("a frozen worker neither takes nor finishes work until it is healed") {
  fake::Workload workload;
  Gate gate;
  std::atomic<int> executed = 0;
  workload.chain({workload.stage("s", [&](Context c) {
    ++executed;
    if (c.in.request().seq == 0) gate.pass();
  })});
  Run run(workload);
  run.open();
  run.submit({Run::request(0), Run::request(1)});
  REQUIRE(gate.wait_for_arrivals(1));
  REQUIRE(run.host.wait_for_event(run.fault("freeze-worker", "s", 0)));
  gate.open();
  CHECK_FALSE(run.backend.drain(5'000'000));
  CHECK(run.host.ends().empty());
  CHECK(executed == 1);
  REQUIRE(run.host.wait_for_event(run.heal("freeze-worker", "s", 0)));
  REQUIRE(run.drain());
  CHECK(run.host.ends().size() == 2);
}

TEST_CASE("a retired worker that was frozen finishes when it is healed") {
  fake::Workload workload;
  Gate gate;
  workload.chain({workload.stage("s", [&](Context c) {
    if (c.replica == 1) gate.pass();
  })});
  Run run(workload, {.parallelism = 2});
  run.open();
  // Freeze worker 0: what follows is executed by worker 1.
  REQUIRE(run.host.wait_for_event(run.fault("freeze-worker", "s", 0)));
  run.submit({Run::request(0)});
  REQUIRE(gate.wait_for_arrivals(1));
  REQUIRE(run.host.wait_for_event(run.fault("freeze-worker", "s", 1)));
  const auto event = run.resize("s", 1);
  gate.open();
  CHECK_FALSE(run.backend.drain(1'000'000));
  CHECK_FALSE(run.host.answered(event));
  run.heal("freeze-worker", "s", 1);
  REQUIRE(run.host.wait_for_event(event));
  CHECK(run.host.ends().at(1).row.status == SAGE_DONE_OK);
}

TEST_CASE("more workers execute more at once; fewer finish what they execute") {
  fake::Workload workload;
  Gate gate;
  workload.chain({workload.stage("s", [&](Context) { gate.pass(); })});
  Run run(workload);
  run.open();
  run.submit_all(fake::requests(6));
  REQUIRE(gate.wait_for_arrivals(1));
  REQUIRE(run.host.wait_for_event(run.resize("s", 4)));
  REQUIRE(gate.wait_for_arrivals(4));  // at the gate together
  CHECK(run.backend.stats().nodes[0]->capacity == 4);
  const auto event = run.resize("s", 2);
  CHECK(run.backend.stats().nodes[0]->capacity == 2);
  CHECK_FALSE(run.host.answered(event));  // the two that leave are still at the gate
  gate.open();
  REQUIRE(run.host.wait_for_event(event));
  REQUIRE(run.drain());
  for (const auto& [id, end] : run.host.ends()) CHECK(end.row.status == SAGE_DONE_OK);
  CHECK(run.host.ends().size() == 6);
}

TEST_CASE("many kills and heals under load lose only what was executed") {
  fake::Workload workload;
  workload.chain(
      {workload.stage("a", [](Context c) { c.give(1); }), workload.stage("b", [](Context c) { c.give(2); })});
  Run run(workload, {.parallelism = 3, .max_in_flight = 64});
  run.open();
  const auto rows = fake::requests(6000);
  for (uint32_t round = 0; round < 60; ++round) {
    const auto* stage = round % 2 == 0 ? "a" : "b";
    const auto first = rows.begin() + round * 100;
    REQUIRE(run.host.wait_for_event(run.fault("kill-worker", stage, round % 3)));
    run.submit_all({first, first + 100});
    REQUIRE(run.host.wait_for_event(run.heal("kill-worker", stage, round % 3)));
  }
  REQUIRE(run.drain());
  const auto ends = run.host.ends();
  CHECK(ends.size() == 6000);
  CHECK(run.host.duplicates() == 0);
  const auto failed =
      std::count_if(ends.begin(), ends.end(), [](auto& e) { return e.second.row.status != SAGE_DONE_OK; });
  CHECK(failed <= 60);  // one worker executes one request
}

TEST_CASE("what cannot be done is refused with the remedy") {
  fake::Workload workload;
  workload.chain({workload.stage("embed", [](Context) {}), workload.stage("rank", [](Context) {})});
  Run run(workload, {.parallelism = 2});
  run.open();
  const auto refused = [&](uint32_t kind, const std::string& target, const sage::Json& args,
                           sage_status status = SAGE_INVALID) {
    return failure_of([&] { run.control(kind, target, args); }, status);
  };
  CHECK(contains(refused(SAGE_EVENT_FAULT, "kill-worker", {{"stage", "nope"}, {"worker", 0}}), "embed, rank"));
  CHECK(contains(refused(SAGE_EVENT_FAULT, "kill-worker", {{"worker", 0}}), "embed, rank"));
  CHECK(contains(refused(SAGE_EVENT_FAULT, "kill-worker", {{"stage", "rank"}}), "\"worker\" must be"));
  CHECK(contains(refused(SAGE_EVENT_FAULT, "kill-worker", {{"stage", "rank"}, {"worker", -1}}), "\"worker\" must be"));
  CHECK(contains(refused(SAGE_EVENT_FAULT, "freeze-worker", {{"stage", "rank"}, {"worker", 2}}), "workers 0 to 1"));
  CHECK(contains(refused(SAGE_EVENT_HEAL, "kill-worker", {{"stage", "rank"}, {"worker", 1}}), "no dead worker 1"));
  CHECK(
      contains(refused(SAGE_EVENT_RECONFIGURE, "parallelism", {{"stage", "rank"}, {"value", 0}}), "\"value\" must be"));
  CHECK(contains(refused(SAGE_EVENT_FAULT, "kill-node", {{"node", 0}}, SAGE_UNSUPPORTED), "kill-worker"));
  CHECK(contains(refused(SAGE_EVENT_FAULT, "parallelism", {{"stage", "rank"}, {"value", 2}}, SAGE_UNSUPPORTED),
                 "parallelism"));
  CHECK(run.host.calls() == 0);  // a refused event is not answered a second time

  Run two_nodes(workload, {.nodes = 2});
  CHECK(contains(failure_of([&] { two_nodes.open(); }, SAGE_INVALID), "--nodes 1"));
  Run unknown(workload, {.scheduler = "lottery"});
  CHECK(contains(failure_of([&] { unknown.open(); }, SAGE_INVALID), "fifo, priority"));
  workload.refuse_to_open = true;
  Run closed(workload);
  CHECK(contains(failure_of([&] { closed.open(); }, SAGE_FAILED), "operator 'embed'"));
}
