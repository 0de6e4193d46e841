#include <doctest/doctest.h>

#include "lab.hpp"

using lab::ms;

namespace {

const sage::Json worker_0 = {{"stage", "serve"}, {"worker", 0}};
const sage::Json node_0 = {{"node", 0}};

lab::Setup setup(uint32_t nodes = 1, sage::Json options = sage::Json::object()) {
  return {.description = lab::one_stage(10e6), .options = std::move(options), .nodes = nodes};
}

}  // namespace

TEST_CASE("a killed worker loses what it executes; what waits is served once it is healed") {
  lab::Lab lab(setup());
  lab.offer(lab::request(0));
  lab.offer(lab::request(1));
  lab.advance(4 * ms);
  const auto event = lab.control(SAGE_EVENT_FAULT, "kill-worker", worker_0);
  CHECK(lab.answers.at(event).status == SAGE_OK);
  CHECK(lab.status_of(0) == SAGE_DONE_ERROR);
  CHECK(lab.end_of(0) == 4 * ms);
  lab.advance(50 * ms);
  CHECK(lab.ended.size() == 1);
  CHECK_FALSE(lab.backend().drain(0));
  lab.control(SAGE_EVENT_HEAL, "kill-worker", worker_0);
  lab.finish();
  CHECK(lab.begin_of(1) == 50 * ms);
  CHECK(lab.end_of(1) == 60 * ms);
  CHECK(lab.backend().drain(0));
}

TEST_CASE("with resend an idempotent request is run again, another one is not") {
  lab::Lab lab(setup(1, {{"resend", true}}));
  auto row = lab::request(0);
  row.flags = SAGE_REQUEST_IDEMPOTENT;
  lab.offer(row);
  lab.advance(4 * ms);
  lab.control(SAGE_EVENT_FAULT, "kill-worker", worker_0);
  lab.control(SAGE_EVENT_HEAL, "kill-worker", worker_0);
  lab.finish();
  CHECK(lab.status_of(0) == SAGE_DONE_OK);
  CHECK(lab.end_of(0) == 14 * ms);

  lab.offer(lab::request(1, 20 * ms));
  lab.control(SAGE_EVENT_FAULT, "kill-worker", worker_0);
  CHECK(lab.status_of(1) == SAGE_DONE_ERROR);
}

TEST_CASE("a request that is run again reports its first token once") {
  auto description = lab::one_stage(2e6);
  description.stages[0].cost_per_unit_out_ns = 1e6;
  lab::Lab lab({.description = description, .options = {{"resend", true}}, .parallelism = 2});
  auto row = lab::request(0);
  row.flags = SAGE_REQUEST_IDEMPOTENT;
  row.units_out = 8;
  lab.offer(row);
  lab.advance(5 * ms);
  REQUIRE(lab.partial.contains(0));
  lab.control(SAGE_EVENT_FAULT, "kill-worker", worker_0);
  lab.finish();
  CHECK(lab.partial.at(0).at_ns - lab::start_ns == 2 * ms);
  CHECK(lab.end_of(0) == 15 * ms);  // on the other worker, from the beginning
}

TEST_CASE("a frozen worker goes on where it was") {
  lab::Lab lab(setup());
  lab.offer(lab::request(0));
  lab.offer(lab::request(1));
  lab.advance(4 * ms);
  lab.control(SAGE_EVENT_FAULT, "freeze-worker", worker_0);
  lab.advance(104 * ms);
  CHECK(lab.ended.empty());
  lab.control(SAGE_EVENT_HEAL, "freeze-worker", worker_0);
  lab.finish();
  CHECK(lab.end_of(0) == 110 * ms);
  CHECK(lab.end_of(1) == 120 * ms);
}

TEST_CASE("the other workers take over from one that is frozen or killed") {
  for (const auto* kind : {"freeze-worker", "kill-worker"}) {
    CAPTURE(kind);
    lab::Lab lab(setup(2));
    lab.control(SAGE_EVENT_FAULT, kind, worker_0);
    for (uint64_t seq = 0; seq < 4; ++seq) lab.offer(lab::request(seq));
    lab.finish();
    REQUIRE(lab.ended.size() == 4);
    for (const auto& [seq, row] : lab.ended) {
      CHECK(row.node == 1);
      CHECK(row.status == SAGE_DONE_OK);
    }
    CHECK(lab.end_of(3) == 40 * ms);
  }
}

TEST_CASE("a killed node loses everything it executes, and a frozen one nothing") {
  for (const bool kill : {true, false}) {
    CAPTURE(kill);
    auto s = setup(2);
    s.parallelism = 3;
    lab::Lab lab(s);
    for (uint64_t seq = 0; seq < 6; ++seq) lab.offer(lab::request(seq));
    lab.advance(1 * ms);
    const auto* kind = kill ? "kill-node" : "freeze-node";
    lab.control(SAGE_EVENT_FAULT, kind, node_0);
    lab.advance(20 * ms);
    lab.control(SAGE_EVENT_HEAL, kind, node_0);
    lab.finish();
    uint64_t lost = 0, late = 0;
    for (const auto& [seq, row] : lab.ended) {
      lost += row.status == SAGE_DONE_ERROR;
      late += row.at_ns == lab::start_ns + 29 * ms;
    }
    CHECK(lost == (kill ? 3 : 0));
    CHECK(late == (kill ? 0 : 3));
  }
}

TEST_CASE("a slow node stretches what is left of an execution, until it is healed") {
  lab::Lab lab(setup());
  lab.offer(lab::request(0));
  lab.offer(lab::request(1));
  lab.advance(4 * ms);
  lab.control(SAGE_EVENT_FAULT, "slow-node", {{"node", 0}, {"factor", 4}});
  lab.advance(8 * ms);  // 1 ms of work in 4 ms
  lab.control(SAGE_EVENT_HEAL, "slow-node", node_0);
  lab.finish();
  CHECK(lab.end_of(0) == 13 * ms);
  CHECK(lab.end_of(1) == 23 * ms);
  CHECK(lab.backend().stats().nodes[0]->busy_ns == 20e6);
}

TEST_CASE("faults of two kinds overlay each other, and each is healed for itself") {
  lab::Lab lab(setup());
  lab.offer(lab::request(0));
  lab.control(SAGE_EVENT_FAULT, "freeze-worker", worker_0);
  lab.control(SAGE_EVENT_FAULT, "freeze-node", node_0);
  lab.advance(10 * ms);
  lab.control(SAGE_EVENT_HEAL, "freeze-node", node_0);
  lab.advance(20 * ms);
  CHECK(lab.ended.empty());
  lab.control(SAGE_EVENT_HEAL, "freeze-worker", worker_0);
  lab.finish();
  CHECK(lab.end_of(0) == 30 * ms);
}

TEST_CASE("a fault that cannot be is refused with the reason") {
  lab::Lab lab(setup());
  const auto refused = [&](uint32_t kind, const char* target, const sage::Json& args) {
    try {
      lab.control(kind, target, args);
    } catch (const sage::Failure& e) {
      return std::to_string(e.status()) + " " + e.what();
    }
    return std::string("accepted");
  };
  CHECK(refused(SAGE_EVENT_FAULT, "melt-node", {}).starts_with("3 mock: no control event 'melt-node'; faults are"));
  CHECK(refused(SAGE_EVENT_RECONFIGURE, "kill-node", node_0).starts_with("3 "));
  CHECK(refused(SAGE_EVENT_FAULT, "kill-worker", {{"stage", "sevre"}, {"worker", 0}}) ==
        "2 mock: event 'kill-worker' needs 'stage', one of serve");
  CHECK(refused(SAGE_EVENT_FAULT, "kill-worker", {{"stage", "serve"}, {"worker", 1}}) ==
        "2 mock: stage 'serve' has no worker 1; they are 0 to 0");
  CHECK(refused(SAGE_EVENT_FAULT, "kill-node", {{"node", 1}}) == "2 mock: there is no node 1");
  CHECK(refused(SAGE_EVENT_FAULT, "slow-node", {{"node", 0}, {"factor", 0}}).starts_with("2 "));
  CHECK(refused(SAGE_EVENT_FAULT, "kill-node", sage::Json::array()).starts_with("2 "));
}

TEST_CASE("a node off the network finishes what it has begun and gets nothing more until it is healed") {
  lab::Lab lab({.description = lab::one_stage(10e6), .nodes = 2});
  lab.offer(lab::request(0));
  lab.offer(lab::request(1));
  lab.advance(1 * lab::ms);
  lab.control(SAGE_EVENT_FAULT, "drop-link", {{"node", 1}});
  for (uint64_t seq = 2; seq < 5; ++seq) lab.offer(lab::request(seq, lab.after_ns()));
  lab.advance(25 * lab::ms);
  lab.control(SAGE_EVENT_HEAL, "drop-link", {{"node", 1}});
  lab.finish();
  CHECK(lab.end_of(1) == 10 * lab::ms);
  CHECK(lab.end_of(2) == 20 * lab::ms);
  CHECK(lab.end_of(3) == 30 * lab::ms);  // both by node 0
  CHECK(lab.ended.at(3).node == 0);
  CHECK(lab.begin_of(4) == 25 * lab::ms);
  CHECK(lab.ended.at(4).node == 1);
}
