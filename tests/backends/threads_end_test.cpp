// Draining, closing, and the null path.
#include <doctest/doctest.h>

#include "fake_run.hpp"

using fake::Context;
using fake::Gate;
using fake::Run;

TEST_CASE("drain answers false when its time is over, and true once all is done") {
  fake::Workload workload;
  Gate gate;
  workload.chain({workload.stage("s", [&](Context) { gate.pass(); })});
  Run run(workload);
  run.open();
  CHECK(run.backend.drain(0));
  run.submit({Run::request(0)});
  CHECK_FALSE(run.backend.drain(1'000'000));
  gate.open();
  CHECK(run.drain());
  CHECK(run.host.ends().size() == 1);
}

TEST_CASE("close during load ends holds, and nothing is said after it") {
  fake::Workload workload;
  Gate holding;
  holding.open();
  workload.chain({workload.stage("fast", [](Context) {}), workload.stage("slow", [&](Context c) {
                    c.out.hold_ns = fake::hour_ns;
                    holding.pass();
                  })});
  Run run(workload, {.parallelism = 2});
  run.open();
  run.submit_all(fake::requests(500));
  REQUIRE(holding.wait_for_arrivals(2));
  const auto leaving = run.resize("slow", 1);  // waits for a hold to end
  run.backend.close();
  CHECK(run.host.event_status(leaving) == SAGE_FAILED);
  CHECK(run.host.ends().empty());
  const auto calls = run.host.calls();
  run.backend.close();
  CHECK(run.host.calls() == calls);
}

TEST_CASE("close while workers are busy leaves every request with at most one end") {
  fake::Workload workload;
  workload.chain(
      {workload.stage("a", [](Context c) { c.give(1); }), workload.stage(
                                                              "b", [](Context c) { c.give(2); }, SAGE_KEY_REQUEST)});
  Run run(workload, {.parallelism = 4});
  run.open();
  run.submit_all(fake::requests(1000, 100));
  run.backend.close();
  CHECK(run.host.duplicates() == 0);
  const auto calls = run.host.calls();
  CHECK(run.host.ends().size() <= 1000);
  CHECK(run.host.calls() == calls);
}

TEST_CASE("an operator that does not return cannot hang close, and its thread says nothing later") {
  // Outlives the test, as the code that a stuck thread runs must.
  static fake::Workload workload;
  static Gate gate;
  static Gate back;
  back.open();
  workload.chain({workload.stage("s", [&](Context c) {
    gate.pass();
    back.pass();
    c.give(1);
  })});
  Run run(workload, {.backend = {{"close_grace_s", 0.01}}});
  run.open();
  run.submit({Run::request(0)});
  REQUIRE(gate.wait_for_arrivals(1));
  run.backend.close();
  CHECK(run.host.logged("did not return within close_grace_s") == 1);
  const auto calls = run.host.calls();
  gate.open();
  REQUIRE(back.wait_for_arrivals(1));
  CHECK(run.host.calls() == calls);
}

TEST_CASE("the null path completes every row inside submit, and runs nothing") {
  fake::Workload workload;
  workload.chain({workload.stage("s", [](Context) { FAIL("executed"); })});
  Run run(workload, {.max_in_flight = 1, .backend = {{"inline", true}}});
  run.open();
  CHECK(run.submit(fake::requests(1000)) == 1000);
  const auto ends = run.host.ends();
  REQUIRE(ends.size() == 1000);
  for (const auto& [id, end] : ends) {
    REQUIRE(end.row.status == SAGE_DONE_OK);
    REQUIRE(end.row.at_ns == 0);
  }
  CHECK(run.backend.drain(0));
}

TEST_CASE("stats count the work done and the memory of the process") {
  fake::Workload workload;
  workload.chain({workload.stage("s", [](Context c) { c.out.hold_ns = 1'000'000; })});
  Run run(workload, {.parallelism = 2});
  run.open();
  run.submit(fake::requests(4));
  REQUIRE(run.drain());
  const auto stats = run.backend.stats();
  CHECK(stats.resident_bytes > 0);
  REQUIRE(stats.n_nodes == 1);
  CHECK(stats.nodes[0]->capacity == 2);
  CHECK(stats.nodes[0]->busy_ns >= 4e6);
}
