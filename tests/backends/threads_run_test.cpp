// Pipelines: results, spans, tokens, order, back-pressure, failures.
#include <doctest/doctest.h>

#include <atomic>

#include "fake_run.hpp"

using fake::Context;
using fake::Gate;
using fake::Run;

namespace {

// Depends on the request, on the stage and on each input's place.
fake::Body mixer(uint64_t salt) {
  return [salt](Context c) {
    uint64_t value = sage::Draw::mix(c.in.request().seq + salt);
    for (size_t i = 0; i < c.in.size(); ++i) value = sage::Draw::mix(value * 31 + c.word(i));
    c.give(value);
  };
}

// A step of a chain or DAG, computed without any runtime.
uint64_t expected(uint64_t seq, uint64_t salt, const std::vector<uint64_t>& inputs) {
  uint64_t value = sage::Draw::mix(seq + salt);
  for (const auto input : inputs) value = sage::Draw::mix(value * 31 + input);
  return value;
}

}  // namespace

TEST_CASE("a chain computes the same with one thread and with eight") {
  fake::Workload workload;
  workload.chain({workload.stage("a", mixer(1)), workload.stage("b", mixer(2)), workload.stage("c", mixer(3))});
  for (const uint32_t parallelism : {1U, 8U}) {
    Run run(workload, {.parallelism = parallelism, .max_in_flight = 64});
    run.open();
    run.submit_all(fake::requests(2000));
    REQUIRE(run.drain());
    const auto ends = run.host.ends();
    REQUIRE(ends.size() == 2000);
    CHECK(run.host.duplicates() == 0);
    for (const auto& [id, end] : ends) {
      const uint64_t seq = id - 1;
      REQUIRE(end.row.status == SAGE_DONE_OK);
      REQUIRE(end.row.digest == expected(seq, 3, {expected(seq, 2, {expected(seq, 1, {0})})}));
      REQUIRE(end.result.size() == 8);
    }
  }
}

TEST_CASE("a DAG hands every step its inputs in order, with one thread and with eight") {
  fake::Workload workload;
  const auto a = workload.stage("a", mixer(1)), b = workload.stage("b", mixer(2)), c = workload.stage("c", mixer(3));
  // two roots; a stage used by two steps; an output taken twice by one step
  workload.pipeline({{a, {}}, {b, {}}, {c, {0, 1}}, {b, {1, 0}}, {a, {3, 2, 3}}});
  for (const uint32_t parallelism : {1U, 8U}) {
    Run run(workload, {.parallelism = parallelism, .max_in_flight = 64});
    run.open();
    run.submit_all(fake::requests(2000));
    REQUIRE(run.drain());
    const auto ends = run.host.ends();
    REQUIRE(ends.size() == 2000);
    for (const auto& [id, end] : ends) {
      const uint64_t seq = id - 1;
      const auto s0 = expected(seq, 1, {0}), s1 = expected(seq, 2, {0});
      const auto s2 = expected(seq, 3, {s0, s1}), s3 = expected(seq, 2, {s1, s0});
      REQUIRE(end.row.digest == expected(seq, 1, {s3, s2, s3}));
    }
  }
}

TEST_CASE("spans come before the end, in the order of steps, each step after its inputs") {
  fake::Workload workload;
  const auto a = workload.stage("a", mixer(1)), b = workload.stage("b", mixer(2));
  workload.pipeline({{a, {}}, {b, {0}}, {a, {0}}, {b, {1, 2}}});
  Run run(workload, {.parallelism = 2});
  run.open();
  run.submit_all(fake::requests(500));
  REQUIRE(run.drain());
  for (const auto& [id, end] : run.host.ends()) {
    const auto spans = run.host.spans(id);
    REQUIRE(end.spans_before == 4);
    REQUIRE(spans.size() == 4);
    const std::vector<uint32_t> stages = {a, b, a, b};
    for (uint16_t s = 0; s < 4; ++s) {
      REQUIRE(spans[s].step == s);
      REQUIRE(spans[s].stage == stages[s]);
      REQUIRE(spans[s].end_ns >= spans[s].begin_ns);
    }
    REQUIRE(spans[1].begin_ns >= spans[0].end_ns);
    REQUIRE(spans[2].begin_ns >= spans[0].end_ns);
    REQUIRE(spans[3].begin_ns >= std::max(spans[1].end_ns, spans[2].end_ns));
    REQUIRE(end.row.begun_ns == spans[0].begin_ns);
    REQUIRE(end.row.at_ns == spans[3].end_ns);
  }
}

TEST_CASE("a hold occupies the replica, and its first token is a chunk of the request") {
  constexpr int64_t hold_ns = 2'000'000, first_ns = 500'000;
  fake::Workload workload;
  workload.chain({workload.stage("generate", [](Context c) {
    c.give(c.in.request().seq);
    c.out.units = 7;
    c.out.hold_ns = hold_ns;
    c.out.first_after_ns = first_ns;
  })});
  Run run(workload);
  run.open();
  run.submit_all(fake::requests(3));
  REQUIRE(run.drain());
  const auto partials = run.host.partials();
  REQUIRE(partials.size() == 3);
  int64_t free_ns = 0;
  for (const auto& partial : partials) {
    const auto end = run.host.ends().at(partial.id);
    const auto span = run.host.spans(partial.id).at(0);
    CHECK(partial.units == 1);
    CHECK(end.row.units == 7);
    CHECK(partial.at_ns >= span.begin_ns + first_ns);
    CHECK(end.row.at_ns >= partial.at_ns + hold_ns - first_ns);
    CHECK(span.begin_ns >= free_ns);  // one replica: holds do not overlap
    free_ns = span.end_ns;
  }
}

TEST_CASE("a failing operator fails its request alone, and is logged once") {
  fake::Workload workload;
  std::atomic<int> after_failure = 0;
  const auto a = workload.stage("a", [](Context c) {
    if (c.in.request().seq % 10 == 3) throw std::runtime_error("bad luck");
    c.give(1);
  });
  const auto b = workload.stage("b", mixer(2));
  const auto c = workload.stage("c", [&](Context context) {
    if (context.in.request().seq % 10 == 3) ++after_failure;
    context.give(context.in.size());
  });
  workload.pipeline({{b, {}}, {a, {0}}, {b, {0}}, {c, {1, 2}}});
  Run run(workload, {.parallelism = 4});
  run.open();
  run.submit_all(fake::requests(1000));
  REQUIRE(run.drain());
  const auto ends = run.host.ends();
  REQUIRE(ends.size() == 1000);
  for (const auto& [id, end] : ends) {
    const bool fails = (id - 1) % 10 == 3;
    REQUIRE(end.row.status == (fails ? SAGE_DONE_ERROR : SAGE_DONE_OK));
    REQUIRE(end.row.digest == (fails ? 0U : 2U));
    REQUIRE(end.result.empty() == fails);
  }
  CHECK(after_failure == 0);
  CHECK(run.host.logged("operator 'a' failed with status 1") == 1);
}

namespace {

// One worker is held at the gate by request 0 while the others queue: the order in which they are then executed.
std::vector<uint64_t> executed_order(const std::string& scheduler, uint32_t key_by) {
  fake::Workload workload;
  workload.description.classes = {{"loose", 50}, {"tight", 10}, {"none"}};
  Gate gate;
  std::vector<uint64_t> order;
  workload.chain({workload.stage(
      "s",
      [&](Context c) {
        if (c.in.request().seq == 0) return gate.pass();
        order.push_back(c.in.request().seq);
      },
      key_by)});
  Run run(workload, {.scheduler = scheduler});
  run.open();
  run.submit({Run::request(0)});
  REQUIRE(gate.wait_for_arrivals(1));
  const uint8_t priorities[] = {0, 2, 0, 255, 1, 2, 0, 1};
  // Deadlines in ns: 51, 12, none, 54, 15, none, 57.
  for (uint64_t seq = 1; seq < 8; ++seq) {
    auto row = Run::request(seq, seq, priorities[seq]);
    row.due_ns = static_cast<int64_t>(seq);
    row.class_id = static_cast<uint16_t>((seq - 1) % 3);
    run.submit({row});
  }
  gate.open();
  REQUIRE(run.drain());
  return order;
}

}  // namespace

TEST_CASE("the priority scheduler takes the most urgent first, and in order of arrival within a priority") {
  for (const auto key_by : {SAGE_KEY_NONE, SAGE_KEY_REQUEST})
    CHECK(executed_order("priority", key_by) == std::vector<uint64_t>{2, 6, 4, 7, 1, 5, 3});
}

TEST_CASE("the slo_aware scheduler takes the earliest deadline first, and what has none last") {
  for (const auto key_by : {SAGE_KEY_NONE, SAGE_KEY_REQUEST})
    CHECK(executed_order("slo_aware", key_by) == std::vector<uint64_t>{2, 5, 1, 4, 7, 3, 6});
}

TEST_CASE("the hybrid scheduler takes the most urgent first, and the earliest deadline within a priority") {
  for (const auto key_by : {SAGE_KEY_NONE, SAGE_KEY_REQUEST})
    CHECK(executed_order("hybrid", key_by) == std::vector<uint64_t>{2, 6, 4, 7, 5, 1, 3});
}

TEST_CASE("the load_aware scheduler wakes the idle worker that has done least") {
  // One request at a time: the last one to fall asleep is the warmest, and gets everything unless work is spread.
  for (const auto* scheduler : {"default", "load_aware"}) {
    fake::Workload workload;
    std::map<uint32_t, int> executed;  // by replica; guarded by there being one request at a time
    workload.chain({workload.stage("s", [&](Context c) {
      ++executed[c.replica];
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    })});
    Run run(workload, {.parallelism = 2, .scheduler = scheduler});
    run.open();
    for (uint64_t seq = 0; seq < 40; ++seq) {
      run.submit({Run::request(seq)});
      REQUIRE(run.drain());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the worker falls asleep again
    }
    const auto less = std::min(executed[0], executed[1]);
    CHECK((scheduler == std::string("default") ? less < 10 : less > 10));
  }
}

TEST_CASE("the default scheduler is first in, first out") {
  for (const auto* scheduler : {"default", "fifo"})
    CHECK(executed_order(scheduler, SAGE_KEY_NONE) == std::vector<uint64_t>{1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("no more than max_in_flight requests are taken") {
  fake::Workload workload;
  Gate gate;
  workload.chain({workload.stage("s", [&](Context) { gate.pass(); })});
  Run run(workload, {.max_in_flight = 4});
  run.open();
  const auto rows = fake::requests(10);
  CHECK(run.submit(rows) == 4);
  CHECK(run.submit({rows[4]}) == 0);
  gate.open();
  REQUIRE(run.drain());
  run.submit_all({rows.begin() + 4, rows.end()});
  REQUIRE(run.drain());
  CHECK(run.host.ends().size() == 10);
}

TEST_CASE("a large payload and a large result arrive whole, also from reused buffers") {
  fake::Workload workload;
  const auto copy = [](Context c) {
    c.result.assign(c.in.text());
    c.out.result = {c.result.data(), c.result.size()};
  };
  workload.chain({workload.stage("a", copy), workload.stage("b", copy)});
  Run run(workload, {.max_in_flight = 2});
  run.open();
  std::vector<std::string> payloads;
  for (size_t i = 0; i < 20; ++i) payloads.emplace_back((i * 7919) % 20'000, static_cast<char>('a' + i));
  std::vector<sage_request> rows = fake::requests(20);
  for (size_t i = 0; i < 20; ++i) rows[i].payload = {payloads[i].data(), payloads[i].size()};
  run.submit_all(rows);
  REQUIRE(run.drain());
  for (const auto& [id, end] : run.host.ends()) CHECK(end.result == payloads[id - 1]);
}

TEST_CASE("spinning workers give the same results") {
  fake::Workload workload;
  workload.chain({workload.stage("a", mixer(1)), workload.stage("b", mixer(2))});
  Run run(workload, {.parallelism = 2, .backend = {{"spin_us", 50.0}}});
  run.open();
  run.submit_all(fake::requests(500));
  REQUIRE(run.drain());
  for (const auto& [id, end] : run.host.ends())
    REQUIRE(end.row.digest == expected(id - 1, 2, {expected(id - 1, 1, {0})}));
}
