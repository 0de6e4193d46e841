#include <doctest/doctest.h>

#include "lab.hpp"

using lab::ms;

namespace {

sage::Json parallelism(uint32_t value) { return {{"stage", "serve"}, {"value", value}}; }

// Offers requests of a steady load between two times and returns the next seq.
uint64_t offer_steadily(lab::Lab& lab, uint64_t seq, int64_t gap_ns, int64_t until_ns) {
  for (auto at_ns = lab.after_ns(); at_ns < until_ns; at_ns += gap_ns, ++seq) {
    auto row = lab::request(seq, at_ns);
    row.key = seq % 40;
    lab.offer(row);
  }
  return seq;
}

}  // namespace

TEST_CASE("more parallelism serves what waits at once") {
  lab::Lab lab({.description = lab::one_stage(10e6)});
  for (uint64_t seq = 0; seq < 5; ++seq) lab.offer(lab::request(seq));
  lab.advance(2 * ms);
  const auto event = lab.control(SAGE_EVENT_RECONFIGURE, "parallelism", parallelism(4));
  lab.finish();
  CHECK(lab.answers.at(event).status == SAGE_OK);
  for (uint64_t seq = 1; seq < 4; ++seq) CHECK(lab.begin_of(seq) == 2 * ms);
  CHECK(lab.begin_of(4) == 10 * ms);
}

TEST_CASE("less parallelism lets executions end and is confirmed when they have") {
  lab::Lab lab({.description = lab::one_stage(10e6), .parallelism = 4});
  for (uint64_t seq = 0; seq < 8; ++seq) lab.offer(lab::request(seq));
  lab.advance(1 * ms);
  const auto event = lab.control(SAGE_EVENT_RECONFIGURE, "parallelism", parallelism(1));
  lab.advance(9 * ms);
  CHECK_FALSE(lab.answers.contains(event));
  lab.finish();
  CHECK(lab.answers.at(event).at_ns - lab::start_ns == 10 * ms);
  CHECK(lab.end_of(7) == 50 * ms);  // the four that waited, one after another
  for (const auto& [seq, row] : lab.ended) CHECK(row.status == SAGE_DONE_OK);
}

TEST_CASE("a change takes effect after reconfigure_ms, and changes follow one another") {
  lab::Lab lab({.description = lab::one_stage(1e6), .options = {{"reconfigure_ms", 30}}});
  const auto first = lab.control(SAGE_EVENT_RECONFIGURE, "parallelism", parallelism(2));
  const auto second = lab.control(SAGE_EVENT_RECONFIGURE, "add-node", sage::Json::object());
  lab.finish();
  CHECK(lab.answers.at(first).at_ns - lab::start_ns == 30 * ms);
  CHECK(lab.answers.at(second).at_ns - lab::start_ns == 60 * ms);
  CHECK(lab.backend().stats().nodes[1]->capacity == 2);
}

TEST_CASE("a node that is added works, at its speed") {
  lab::Lab lab({.description = lab::one_stage(10e6)});
  lab.control(SAGE_EVENT_RECONFIGURE, "add-node", {{"speed", 2}});
  lab.advance(1 * ms);
  lab.offer(lab::request(0, 1 * ms));
  lab.offer(lab::request(1, 1 * ms));
  lab.finish();
  CHECK(lab.ended.at(1).node == 1);
  CHECK(lab.end_of(1) == 6 * ms);
}

TEST_CASE("a node is drained before it is removed, and the last one cannot be") {
  lab::Lab lab({.description = lab::one_stage(10e6), .nodes = 2, .parallelism = 2});
  for (uint64_t seq = 0; seq < 12; ++seq) lab.offer(lab::request(seq));
  lab.advance(5 * ms);
  const auto event = lab.control(SAGE_EVENT_RECONFIGURE, "remove-node", {{"node", 0}});
  lab.finish();
  CHECK(lab.answers.at(event).at_ns - lab::start_ns == 10 * ms);
  for (const auto& [seq, row] : lab.ended) {
    CHECK(row.status == SAGE_DONE_OK);
    if (row.begun_ns > lab::start_ns + 5 * ms) CHECK(row.node == 1);
  }
  CHECK(lab.ended.size() == 12);
  CHECK(lab.backend().stats().nodes[0]->capacity == 0);
  CHECK_THROWS_WITH_AS(lab.control(SAGE_EVENT_RECONFIGURE, "remove-node", {{"node", 1}}),
                       "mock: node 1 is the last one and cannot be removed", sage::Failure);
  CHECK_THROWS_WITH_AS(lab.control(SAGE_EVENT_RECONFIGURE, "remove-node", {{"node", 0}}),
                       "mock: there is no node 0 to remove", sage::Failure);
}

TEST_CASE("a change that an earlier one made impossible is answered as failed") {
  lab::Lab lab({.description = lab::one_stage(10e6), .options = {{"reconfigure_ms", 1}}, .nodes = 2});
  const auto first = lab.control(SAGE_EVENT_RECONFIGURE, "remove-node", {{"node", 1}});
  const auto second = lab.control(SAGE_EVENT_RECONFIGURE, "remove-node", {{"node", 0}});
  lab.finish();
  CHECK(lab.answers.at(first).status == SAGE_OK);
  CHECK(lab.answers.at(second).status == SAGE_FAILED);
  CHECK(lab.answers.at(second).text == "node 0 is the last one and cannot be removed");
}

TEST_CASE("a keyed stage keeps the order of each key through every change, and loses nothing") {
  lab::Lab lab({.description = lab::one_stage(3e6, SAGE_KEY_REQUEST),
                .options = {{"service", "exponential"}},
                .nodes = 2,
                .parallelism = 2});
  uint64_t seq = 0;
  const auto change = [&](const char* kind, const sage::Json& args, int64_t until_ms) {
    const auto event = lab.control(SAGE_EVENT_RECONFIGURE, kind, args);
    seq = offer_steadily(lab, seq, 1 * ms, until_ms * ms);
    CHECK(lab.answers.at(event).status == SAGE_OK);
  };
  seq = offer_steadily(lab, seq, 1 * ms, 200 * ms);
  change("parallelism", parallelism(3), 400);
  change("add-node", sage::Json::object(), 600);
  change("remove-node", {{"node", 0}}, 800);
  change("parallelism", parallelism(1), 1'000);
  lab.finish();
  REQUIRE(lab.ended.size() == seq);
  std::map<uint64_t, int64_t> last_end;
  for (const auto& [n, row] : lab.ended) {
    CHECK(row.status == SAGE_DONE_OK);
    CHECK(row.begun_ns >= last_end[n % 40]);
    last_end[n % 40] = row.at_ns;
  }
  CHECK(lab.broken_rules == 0);
}

TEST_CASE("changes and faults may meet") {
  lab::Lab lab({.description = lab::one_stage(10e6, SAGE_KEY_REQUEST), .nodes = 2, .parallelism = 2});
  for (uint64_t seq = 0; seq < 40; ++seq) lab.offer(lab::request(seq));
  lab.control(SAGE_EVENT_FAULT, "freeze-node", {{"node", 0}});
  const auto event = lab.control(SAGE_EVENT_RECONFIGURE, "remove-node", {{"node", 0}});
  lab.advance(100 * ms);
  CHECK_FALSE(lab.answers.contains(event));  // what the frozen node executes has not ended
  lab.control(SAGE_EVENT_FAULT, "kill-node", {{"node", 0}});
  lab.finish();
  CHECK(lab.answers.at(event).at_ns - lab::start_ns == 100 * ms);
  uint64_t lost = 0;
  for (const auto& [seq, row] : lab.ended) lost += row.status == SAGE_DONE_ERROR;
  CHECK(lost == 2);
  CHECK(lab.ended.size() == 40);
}

TEST_CASE("a worker is replaced when it has finished; the others go on, and the number of workers stays") {
  lab::Lab lab({.description = lab::one_stage(10e6), .parallelism = 2});
  for (uint64_t seq = 0; seq < 6; ++seq) lab.offer(lab::request(seq));
  lab.advance(1 * ms);
  const auto event = lab.control(SAGE_EVENT_RECONFIGURE, "replace-worker", {{"stage", "serve"}, {"worker", 0}});
  lab.advance(9 * ms);
  CHECK_FALSE(lab.answers.contains(event));
  lab.finish();
  CHECK(lab.answers.at(event).status == SAGE_OK);
  CHECK(lab.answers.at(event).at_ns - lab::start_ns == 10 * ms);
  CHECK(lab.end_of(5) == 30 * ms);  // two at a time throughout
  CHECK(lab.backend().stats().nodes[0]->capacity == 2);
  for (const auto& [seq, row] : lab.ended) CHECK(row.status == SAGE_DONE_OK);
  const auto none = lab.control(SAGE_EVENT_RECONFIGURE, "replace-worker", {{"stage", "serve"}, {"worker", 1}});
  lab.finish();
  CHECK(lab.answers.at(none).status == SAGE_OK);
}

TEST_CASE("a stage moves to another node with as many workers, and only there does it execute from then on") {
  lab::Lab lab({.description = lab::one_stage(10e6), .nodes = 2, .parallelism = 2});
  const auto event = lab.control(SAGE_EVENT_RECONFIGURE, "move-stage", {{"stage", "serve"}, {"node", 1}});
  lab.advance(1 * ms);
  REQUIRE(lab.answers.at(event).status == SAGE_OK);
  CHECK(lab.backend().stats().nodes[0]->capacity == 0);
  CHECK(lab.backend().stats().nodes[1]->capacity == 4);
  for (uint64_t seq = 0; seq < 8; ++seq) lab.offer(lab::request(seq, lab.after_ns()));
  lab.finish();
  for (const auto& [seq, row] : lab.ended) CHECK(row.node == 1);
  CHECK(lab.end_of(7) == 21 * ms);
}
