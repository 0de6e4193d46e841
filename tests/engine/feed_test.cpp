#include "engine/feed.hpp"

#include <doctest/doctest.h>

#include "fake_run.hpp"

using namespace host;
using namespace host::engine;

namespace {

struct FakeFeed : FakeRun {
  std::atomic<int> stop{0};
  std::unique_ptr<Feed> feed;
  void start() {
    open();
    feed = std::make_unique<Feed>(*session, 0, stop);
  }
  // What the engine does in virtual time, without a backend that advances.
  void step(int64_t at_ms) { feed->step(go_to(at_ms)); }
};

}  // namespace

TEST_CASE_FIXTURE(FakeFeed, "what is due is submitted at its due time, and nothing before") {
  start();
  CHECK(feed->next_ns() == at(0));
  step(0);
  CHECK(submitted.size() == 1);
  CHECK(feed->next_ns() == at(10));
  step(9);
  CHECK(submitted.size() == 1);
  step(35);
  REQUIRE(submitted.size() == 4);
  CHECK(submitted[3].due_ns == at(30));
  CHECK((submitted[3].flags & SAGE_REQUEST_WARMUP) != 0);
  CHECK(feed->warmup_offered.get() == 4);
  step(100);
  CHECK(submitted.back().seq == 10);
  CHECK((submitted.back().flags & SAGE_REQUEST_WARMUP) == 0);
  CHECK(feed->window_begin_ns() == 100 * ms);
}

TEST_CASE_FIXTURE(FakeFeed, "it ends where the window does, with every row submitted once, in batches of at most 64") {
  config.load.total_requests = 190;
  start();
  step(1'990);
  CHECK(submitted.size() == 200);
  for (size_t i = 0; i < submitted.size(); ++i) CHECK(submitted[i].seq == i);
  for (const auto batch : batches) CHECK(batch <= 64);
  CHECK_FALSE(feed->ended());
  CHECK(feed->next_ns() == at(2'000));
  go_to(2'001);
  CHECK(feed->next_ns() == INT64_MAX);
  CHECK(feed->ended());
  CHECK(feed->mean_gap_s() == doctest::Approx(0.01));
  CHECK(feed->gap_cv() == doctest::Approx(0).epsilon(1e-6));
}

TEST_CASE_FIXTURE(FakeFeed,
                  "what the backend refuses is offered again, and the time until it is taken is the backend's") {
  accepts = 1;
  start();
  step(25);
  CHECK(submitted.size() == 1);
  CHECK(feed->next_ns() > at(25));
  accepts = SIZE_MAX;
  step(45);
  CHECK(submitted.size() == 5);
  CHECK(session->blocked_ns == 20 * ms);
}

TEST_CASE_FIXTURE(FakeFeed, "a refused row that timed out meanwhile is not offered any more") {
  accepts = 0;
  start();
  step(0);
  session->ledger->expire(at(0), metrics::Outcome::timeout, go_to(5));
  accepts = SIZE_MAX;
  step(6);
  CHECK(submitted.empty());
  step(10);
  CHECK(submitted.size() == 1);
  CHECK(submitted[0].seq == 1);
}

TEST_CASE_FIXTURE(FakeFeed, "a closed loop keeps what it was told in flight, and its rows are due when they are sent") {
  config.load.arrival = load::Arrival::closed;
  config.load.concurrency = 3;
  start();
  step(0);
  CHECK(submitted.size() == 3);
  CHECK(feed->next_ns() == INT64_MAX);  // until something completes
  go_to(7);
  complete(submitted[1].id);
  CHECK(feed->next_ns() == at(7));
  step(7);
  REQUIRE(submitted.size() == 4);
  CHECK(submitted[3].due_ns == at(7));
  CHECK(session->ledger->in_flight() == 3);
}

TEST_CASE_FIXTURE(FakeFeed, "a full table waits for a slot instead of losing a row") {
  config.load.max_in_flight = 16;
  start();
  step(1'000);
  CHECK(submitted.size() == 16);
  CHECK(feed->next_ns() > at(1'000));
  complete_all();
  step(1'001);
  CHECK(submitted.size() == 16);
  CHECK(submitted[0].seq == 16);
}

TEST_CASE_FIXTURE(FakeFeed, "stopping cancels what was refused and offers no more") {
  accepts = 2;
  start();
  step(50);
  CHECK(submitted.size() == 2);
  feed->stop_offering();
  CHECK(feed->ended());
  CHECK(session->ledger->offered() == 6);
  CHECK(session->ledger->in_flight() == 2);
  uint64_t given_up = 0;
  session->ledger->lanes.for_each(
      [&](const Lane& lane) { given_up += lane.outcomes[static_cast<size_t>(metrics::Outcome::cancelled)].get(); });
  CHECK(given_up == 4);
}

TEST_CASE_FIXTURE(FakeFeed,
                  "events happen between the rows they lie between; one that the backend refuses has failed") {
  events = {{SAGE_EVENT_MARK, 0, "calm", {}}, {SAGE_EVENT_FAULT, 15 * ms, "kill-worker", {}}};
  size_t sent_before = 0;
  SUBCASE("done") {
    start();
    CHECK(feed->next_ns() == at(0));
    step(10);
    CHECK(feed->next_ns() == at(15));
    sent_before = submitted.size();
    step(15);
    CHECK(sent_before == 2);
    CHECK(submitted.size() == 2);
    CHECK(controlled == std::vector<std::string>{"kill-worker"});
    REQUIRE(session->events.all().size() == 2);
    CHECK(session->phases.names() == std::vector<std::string>{"calm"});
    CHECK(session->events.all()[1].status == "issued");
    CHECK(session->events.all()[1].issued_s == doctest::Approx(0.015));
    const auto* services = session->services.table();
    go_to(25);
    services->event_done(services->ctx, 2, SAGE_OK, sage::str("killed one"));
    services->event_done(services->ctx, 2, SAGE_FAILED, sage::str("twice"));
    services->event_done(services->ctx, 99, SAGE_OK, sage::str("never issued"));
    CHECK(session->events.all()[1].status == "done");
    CHECK(session->events.all()[1].text == "killed one");
    CHECK(*session->events.all()[1].confirmed_s == doctest::Approx(0.025));
    CHECK(session->events.all()[1].confirmations == 2);
  }
  SUBCASE("refused") {
    controls = false;
    start();
    step(15);
    REQUIRE(session->events.all().size() == 2);
    CHECK(session->events.all()[1].status == "failed");
    CHECK(session->events.all()[1].text == "not that one");
    CHECK(session->events.all()[1].confirmations == 0);
  }
  SUBCASE("of a kind that the manifest does not name") {
    events[1].target = "kill-node";
    start();
    step(15);
    CHECK(controlled.empty());
    REQUIRE(session->events.all().size() == 2);
    CHECK(session->events.all()[1].status == "failed");
    CHECK(session->events.all()[1].text == "the manifest of backend 'fake' does not name 'fault.kill-node'");
  }
}

TEST_CASE_FIXTURE(FakeFeed, "the backend is told of requests that ran into their time limit, once each") {
  start();
  step(15);
  REQUIRE(submitted.size() == 2);
  session->ledger->expire(at(0), metrics::Outcome::timeout, go_to(16));
  CHECK(cancelled.empty());  // by the thread that submits, at its next step
  step(17);
  CHECK(cancelled == std::vector{submitted[0].id});
  step(18);
  CHECK(cancelled.size() == 1);
  session->ledger->expire(INT64_MAX, metrics::Outcome::unfinished, go_to(19));  // the run ends: `close` ends them
  step(20);
  CHECK(cancelled.size() == 1);
}
