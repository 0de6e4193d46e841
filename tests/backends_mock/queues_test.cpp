#include <doctest/doctest.h>

#include "lab.hpp"

using lab::ms;

TEST_CASE("a full queue takes fewer rows, and room is made by the next end of service") {
  lab::Lab lab({.description = lab::one_stage(10e6), .options = {{"queue_capacity", 2}}});
  std::vector<sage_request> rows;
  for (uint64_t seq = 0; seq < 5; ++seq) rows.push_back(lab::request(seq));
  CHECK(lab.backend().submit(rows) == 3);  // one in service, two wait
  CHECK_FALSE(lab.try_offer(rows[3]));
  lab.advance(10 * ms);
  CHECK(lab.try_offer(rows[3]));
  CHECK_FALSE(lab.try_offer(rows[4]));
  lab.offer(rows[4]);
  CHECK(lab.after_ns() == 20 * ms);
  lab.finish();
  CHECK(lab.end_of(4) == 50 * ms);
}

TEST_CASE("a full queue behind the first holds the source back too") {
  auto description = lab::one_stage(1e6);
  description.stages.push_back({.name = "slow", .operator_name = "slow", .cost_base_ns = 10e6});
  description.pipelines = {{"chain", {{0, {}}, {1, {0}}}}};
  lab::Lab lab({.description = description, .options = {{"queue_capacity", 1}}});
  uint64_t taken = 0;
  for (int64_t t = 0; t < 100; ++t) {
    lab.advance(t * ms);
    if (lab.try_offer(lab::request(taken))) ++taken;
  }
  CHECK(taken < 15);  // what the slow stage serves in 100 ms, and what waits
  lab.finish();
  CHECK(lab.ended.size() == taken);
  for (const auto& [seq, row] : lab.ended) CHECK(row.status == SAGE_DONE_OK);
}

TEST_CASE("a full queue that rejects ends the request at once") {
  lab::Lab lab({.description = lab::one_stage(10e6), .options = {{"queue_capacity", 1}, {"on_full", "reject"}}});
  std::vector<sage_request> rows;
  for (uint64_t seq = 0; seq < 4; ++seq) rows.push_back(lab::request(seq));
  CHECK(lab.backend().submit(rows) == 4);
  CHECK(lab.status_of(2) == SAGE_DONE_REJECTED);
  CHECK(lab.end_of(3) == 0);
  lab.finish();
  CHECK(lab.status_of(0) == SAGE_DONE_OK);
  CHECK(lab.status_of(1) == SAGE_DONE_OK);
  CHECK(lab.backend().drain(0));
}

TEST_CASE("priorities go first under the priority scheduler, and only there; none is interrupted") {
  for (const auto* scheduler : {"priority", "fifo", "default"}) {
    CAPTURE(scheduler);
    lab::Lab lab({.description = lab::one_stage(10e6), .scheduler = scheduler});
    for (uint64_t seq = 0; seq < 4; ++seq) {
      auto row = lab::request(seq, static_cast<int64_t>(seq) * ms);
      row.priority = static_cast<uint8_t>(3 - seq);
      lab.offer(row);
    }
    lab.finish();
    const std::vector<uint64_t> urgent_first = {0, 3, 2, 1}, as_they_came = {0, 1, 2, 3};
    CHECK(lab.order == (scheduler == std::string("priority") ? urgent_first : as_they_came));
  }
}

TEST_CASE("an idle replica serves whatever comes, the one idle for longest first") {
  lab::Lab lab({.description = lab::one_stage(2e6), .nodes = 4});
  for (uint64_t seq = 0; seq < 8; ++seq) lab.offer(lab::request(seq, static_cast<int64_t>(seq) * 3 * ms));
  lab.finish();
  for (const auto& [seq, row] : lab.ended) {
    CHECK(row.node == seq % 4);
    CHECK(row.begun_ns == lab::start_ns + static_cast<int64_t>(seq) * 3 * ms);
  }
}

TEST_CASE("a key is served by one replica, in order, while keys spread over all") {
  lab::Lab lab({.description = lab::one_stage(1e6, SAGE_KEY_REQUEST),
                .options = {{"service", "exponential"}},
                .nodes = 4,
                .parallelism = 1});
  const auto key_of = [](uint64_t seq) { return seq * seq % 50; };
  lab::Arrivals arrivals(3'000, 5);
  for (uint64_t seq = 0; seq < 5'000; ++seq) {
    auto row = lab::request(seq, arrivals.next());
    row.key = key_of(seq);
    lab.offer(row);
  }
  lab.finish();
  std::map<uint64_t, uint32_t> node_of_key;
  std::map<uint64_t, int64_t> last_end;
  std::map<uint32_t, uint64_t> served;
  for (const auto& [seq, row] : lab.ended) {
    const auto key = key_of(seq);
    CHECK(node_of_key.try_emplace(key, row.node).first->second == row.node);
    CHECK(row.begun_ns >= last_end[key]);
    last_end[key] = row.at_ns;
    ++served[row.node];
  }
  CHECK(served.size() == 4);
  CHECK(lab.ended.size() == 5'000);
}
