// Keyed stages: order and state of each key, while workers come, go and die.
#include <doctest/doctest.h>

#include "fake_run.hpp"

using fake::Context;
using fake::Gate;
using fake::Run;

namespace {

// Counts the requests of each key in the instance's state: a request's digest is its place among those of its key.
void count_key(Context c) { c.give(++c.state[c.in.request().key]); }

void check_counts(Run& run, const std::vector<sage_request>& rows) {
  const auto ends = run.host.ends();
  REQUIRE(ends.size() == rows.size());
  std::map<uint64_t, uint64_t> count;
  for (const auto& row : rows) {
    const auto& end = ends.at(row.id).row;
    REQUIRE(end.status == SAGE_DONE_OK);
    REQUIRE(end.digest == ++count[row.key]);  // neither lost state nor order
  }
}

}  // namespace

TEST_CASE("a key is served in order, and its state is one, with eight threads") {
  fake::Workload workload;
  workload.chain({workload.stage("count", count_key, SAGE_KEY_REQUEST)});
  Run run(workload, {.parallelism = 8, .max_in_flight = 100});
  run.open();
  const auto rows = fake::requests(10'000, 200);
  run.submit_all(rows);
  REQUIRE(run.drain());
  check_counts(run, rows);
}

TEST_CASE("the key can be the first 8 bytes of the step's first input") {
  fake::Workload workload;
  const auto key = workload.stage("key", [](Context c) { c.give(c.in.request().key); });
  const auto count = workload.stage(
      "count", [](Context c) { c.give(++c.state[c.word()]); }, SAGE_KEY_INPUT);
  workload.chain({key, count});
  workload.description.stages[key].parallelism = 1;  // so that arrival at `count` is in order of seq
  Run run(workload, {.parallelism = 8});
  run.open();
  const auto rows = fake::requests(5'000, 50);
  run.submit_all(rows);
  REQUIRE(run.drain());
  check_counts(run, rows);
}

TEST_CASE("changing the parallelism under load loses neither request, order nor state") {
  fake::Workload workload;
  workload.chain({workload.stage("count", count_key, SAGE_KEY_REQUEST),
                  workload.stage("pass", [](Context c) { c.give(c.word()); })});
  Run run(workload, {.parallelism = 1, .max_in_flight = 200});
  run.open();
  const auto rows = fake::requests(20'000, 300);
  for (size_t part = 0; part < 20; ++part) {
    run.submit_all({rows.begin() + static_cast<std::ptrdiff_t>(part * 1000),
                    rows.begin() + static_cast<std::ptrdiff_t>((part + 1) * 1000)});
    const uint32_t sizes[] = {4, 2, 8, 1};
    for (const auto* stage : {"count", "pass"}) {
      const auto event = run.resize(stage, sizes[part % 4]);
      if (part % 3 == 0) REQUIRE(run.host.wait_for_event(event));
    }
  }
  REQUIRE(run.drain());
  check_counts(run, rows);
  CHECK(run.host.duplicates() == 0);
}

TEST_CASE("a rolling replacement of every worker under load loses neither request, order nor state") {
  fake::Workload workload;
  workload.chain({workload.stage("count", count_key, SAGE_KEY_REQUEST),
                  workload.stage("pass", [](Context c) { c.give(c.word()); })});
  Run run(workload, {.parallelism = 3, .max_in_flight = 200});
  run.open();
  const auto rows = fake::requests(20'000, 300);
  for (size_t part = 0; part < 20; ++part) {
    run.submit_all({rows.begin() + static_cast<std::ptrdiff_t>(part * 1000),
                    rows.begin() + static_cast<std::ptrdiff_t>((part + 1) * 1000)});
    for (const auto* stage : {"count", "pass"}) {
      const auto event =
          run.control(SAGE_EVENT_RECONFIGURE, "replace-worker", {{"stage", stage}, {"worker", part % 3}});
      if (part % 4 == 0) REQUIRE(run.host.wait_for_event(event));
    }
  }
  REQUIRE(run.drain());
  check_counts(run, rows);
  CHECK(run.host.duplicates() == 0);
  CHECK(run.backend.stats().nodes[0]->capacity == 6);
}

TEST_CASE("a group that moves while it is executed keeps its order and state") {
  fake::Workload workload;
  Gate gate;
  workload.chain({workload.stage(
      "count",
      [&](Context c) {
        if (c.in.request().seq == 0) gate.pass();
        count_key(c);
      },
      SAGE_KEY_REQUEST)});
  Run run(workload, {.parallelism = 1});
  run.open();
  // with 8 workers 7 of 8 groups have another owner than worker 0: some of these keys wait for the gate, others pass it
  std::vector<sage_request> rows;
  for (uint64_t seq = 0; seq < 200; ++seq) rows.push_back(Run::request(seq, seq % 2 == 0 ? 5 : seq % 40));
  run.submit({rows[0]});
  REQUIRE(gate.wait_for_arrivals(1));
  run.submit({rows.begin() + 1, rows.begin() + 100});
  REQUIRE(run.host.wait_for_event(run.resize("count", 8)));
  run.submit({rows.begin() + 100, rows.end()});
  for (const uint32_t size : {3U, 8U, 1U, 8U}) run.resize("count", size);
  gate.open();
  REQUIRE(run.drain());
  check_counts(run, rows);
}

TEST_CASE("killing a keyed worker loses its state, and its keys go on elsewhere") {
  fake::Workload workload;
  workload.chain({workload.stage("count", count_key, SAGE_KEY_REQUEST)});
  Run run(workload, {.parallelism = 2});
  run.open();
  std::vector<sage_request> rows;
  for (uint64_t seq = 0; seq < 128; ++seq) rows.push_back(Run::request(seq, seq % 64));
  run.submit({rows.begin(), rows.begin() + 64});
  REQUIRE(run.drain());
  REQUIRE(run.host.wait_for_event(run.fault("kill-worker", "count", 1)));
  run.submit({rows.begin() + 64, rows.end()});
  REQUIRE(run.drain());
  size_t kept = 0, lost = 0;
  for (const auto& [id, end] : run.host.ends()) {
    REQUIRE(end.row.status == SAGE_DONE_OK);
    if (id > 64) ++(end.row.digest == 2 ? kept : lost);
  }
  CHECK(kept + lost == 64);
  CHECK(kept > 0);  // of worker 0
  CHECK(lost > 0);  // of worker 1
}

TEST_CASE("without any worker keyed requests wait for one") {
  fake::Workload workload;
  workload.chain({workload.stage("count", count_key, SAGE_KEY_REQUEST)});
  Run run(workload);
  run.open();
  REQUIRE(run.host.wait_for_event(run.fault("kill-worker", "count", 0)));
  const auto rows = fake::requests(100, 10);
  run.submit(rows);
  CHECK_FALSE(run.backend.drain(1'000'000));
  CHECK(run.host.ends().empty());
  REQUIRE(run.host.wait_for_event(run.heal("kill-worker", "count", 0)));
  REQUIRE(run.drain());
  check_counts(run, rows);
}
