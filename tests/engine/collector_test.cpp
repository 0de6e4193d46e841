#include "engine/collector.hpp"

#include <doctest/doctest.h>

#include "fake_run.hpp"

using namespace host;
using namespace host::engine;

namespace {

struct Seen {
  double begin_s;
  double end_s;
  uint64_t offered;
  uint64_t ok;
  uint64_t tight_ok;
  uint64_t total_offered;
  uint64_t resident_bytes;
};

struct Recorder : records::Writer {
  std::vector<Seen> intervals;
  std::vector<records::EventRecord> events;
  std::vector<records::RequestRow> rows;
  void begin(const records::RunInfo&) override {}
  void take(const records::Interval& i) override {
    intervals.push_back(
        {i.begin_s, i.end_s, i.offered, i.outcomes[0], i.classes.at(0).ok, i.total_offered, i.resident_bytes});
  }
  void take(const records::EventRecord& event) override { events.push_back(event); }
  void take(std::span<const records::RequestRow> more) override { rows.insert(rows.end(), more.begin(), more.end()); }
  void finish(const records::RunInfo&, const records::RunResult&) override {}
};

struct FakeCollector : FakeRun {
  std::atomic<int> stop{0};
  Recorder recorder;
  std::unique_ptr<Feed> feed;
  std::unique_ptr<Collector> collector;
  void start() {
    open();
    feed = std::make_unique<Feed>(*session, 0, stop);
    std::vector<records::Writer*> writers = {&recorder};
    collector = std::make_unique<Collector>(*session, *feed, writers, nullptr);
  }
  void step(int64_t at_ms) { collector->step(go_to(at_ms)); }
  records::RunResult result(int64_t at_ms) {
    records::RunResult r;
    collector->expire_all(go_to(at_ms));
    collector->conclude(r, session->clock.now_ns());
    collector->fill(r);
    return r;
  }
};

}  // namespace

TEST_CASE_FIXTURE(FakeCollector, "a result that is too large is left out, which its outcome says") {
  std::vector<std::pair<uint64_t, uint32_t>> seen;
  judge = [&](const sage_outcome& outcome) {
    seen.emplace_back(outcome.result.size, outcome.flags);
    return SAGE_VERDICT_PASS;
  };
  start();
  const std::vector<std::byte> bytes(SAGE_RESULT_MAX + 1);
  for (const size_t size : {bytes.size() - 1, bytes.size()}) {
    sage_completion done{};
    done.id = send(10).id;
    done.digest = 7;
    done.result = {bytes.data(), size};
    session->ledger->complete({&done, 1});
  }
  step(1);
  const decltype(seen) expected = {{SAGE_RESULT_MAX, 0}, {0, SAGE_OUTCOME_LEFT_OUT}};
  CHECK(seen == expected);
  CHECK(result(2).ledger.results_left_out == 1);
}

TEST_CASE_FIXTURE(FakeCollector,
                  "each row is judged once, with what the backend gave; wrong ones are counted in their class") {
  judge = [](const sage_outcome& o) { return o.seq == 11 ? SAGE_VERDICT_WRONG : SAGE_VERDICT_PASS; };
  start();
  const auto warm = send(1, 0, SAGE_REQUEST_WARMUP).id;
  const auto right = send(10, 0).id;
  const auto wrong = send(11, 1).id;
  go_to(2);
  sage_completion done{};
  const std::string_view said = "an answer";
  done.id = right;
  done.digest = 77;
  done.result = {said.data(), said.size()};
  session->ledger->complete({&done, 1});
  std::string kept;
  judge = [&, before = judge](const sage_outcome& o) {
    if (o.seq == 10) kept.assign(static_cast<const char*>(o.result.ptr), o.result.size);
    return before(o);
  };
  complete(wrong);
  complete(warm);
  step(3);
  step(4);
  REQUIRE(settled.size() == 3);
  CHECK(settled[0].seq == 10);
  CHECK(settled[0].digest == 77);
  CHECK(settled[0].at_ns == 2 * ms);
  CHECK(kept == said);
  CHECK(settled[2].flags == SAGE_REQUEST_WARMUP);
  const auto r = result(10);
  CHECK(r.verdict == "wrong");
  CHECK(r.ledger.passed == 2);
  CHECK(r.ledger.wrong == 1);
  CHECK(r.cells->sum(metrics::CounterTable::any, 1).wrong == 1);
  CHECK(r.cells->sum(metrics::CounterTable::any, 0).wrong == 0);
}

TEST_CASE_FIXTURE(FakeCollector, "a request that is overdue ends as a timeout, and one at the end as unfinished") {
  start();
  send(10);
  step(0);
  go_to(700);
  send(11);
  CHECK(collector->next_ns() == at(1'000));
  step(1'000);
  CHECK(session->ledger->done() == 1);
  step(1'001);
  const auto r = result(1'200);
  CHECK(r.ledger.outcomes[static_cast<size_t>(metrics::Outcome::timeout)] == 1);
  CHECK(r.ledger.outcomes[static_cast<size_t>(metrics::Outcome::unfinished)] == 1);
  CHECK(settled.size() == 2);
  CHECK(r.ledger.balanced());
}

TEST_CASE_FIXTURE(FakeCollector,
                  "a day in which nothing happens is some hundred intervals, and ends when something does") {
  start();
  int64_t at_ms = 0;
  const int64_t day_ms = 86'400'000;
  while ((at_ms = (collector->next_ns() - at(0)) / ms) < day_ms) step(at_ms);
  CHECK(recorder.intervals.size() > 60);
  CHECK(recorder.intervals.size() < 500);
  const auto n = recorder.intervals.size();
  send(10, 0);
  step(at_ms - 1);  // in the middle of a long one
  REQUIRE(recorder.intervals.size() == n + 1);
  step(at_ms + 2'000);
  CHECK(recorder.intervals.back().end_s - recorder.intervals.back().begin_s < 3);
  double end_s = 0;
  for (const auto& interval : recorder.intervals) CHECK(interval.begin_s == std::exchange(end_s, interval.end_s));
}

TEST_CASE_FIXTURE(FakeCollector, "an interval has what happened since the last one") {
  resident_bytes = 5 << 20;
  start();
  complete(send(10).id);
  send(11, 1);
  step(500);
  CHECK(recorder.intervals.empty());
  step(1'000);
  REQUIRE(recorder.intervals.size() == 1);
  const auto& first = recorder.intervals[0];
  CHECK(first.begin_s == 0);
  CHECK(first.end_s == 1);
  CHECK(first.offered == 2);
  CHECK(first.ok == 1);
  CHECK(first.tight_ok == 1);
  CHECK(first.resident_bytes == 5 << 20);
  complete(send(12).id);
  step(2'100);
  REQUIRE(recorder.intervals.size() == 2);
  const auto& second = recorder.intervals[1];
  CHECK(second.begin_s == 1);
  CHECK(second.end_s == 2.1);
  CHECK(second.offered == 1);
  CHECK(second.ok == 1);
  CHECK(second.total_offered == 3);
  CHECK(collector->next_ns() <= at(3'000));
}

TEST_CASE_FIXTURE(FakeCollector, "the request log has every request, and a sample is the same ones each time") {
  config.log_requests = true;
  const auto logged = [&] {
    recorder.rows.clear();
    start();
    complete(send(1, 0, SAGE_REQUEST_WARMUP).id);
    for (uint64_t seq = 10; seq < 210; ++seq) complete(send(seq).id);
    step(1);
    std::vector<uint64_t> seqs;
    for (const auto& row : recorder.rows) seqs.push_back(row.seq);
    session->backend.destroy();
    session->workload.destroy();
    return seqs;
  };
  CHECK(logged().size() == 201);
  config.log_sample = 0.25;
  const auto some = logged();
  CHECK(some.size() > 20);
  CHECK(some.size() < 90);
  CHECK(logged() == some);
}

TEST_CASE_FIXTURE(FakeCollector, "writers hear of an event when it is issued and when it is confirmed") {
  start();
  records::EventRecord event;
  event.id = 1;
  event.kind = "fault";
  event.status = "issued";
  session->events.issued(event);
  step(1'000);
  REQUIRE(recorder.events.size() == 1);
  CHECK(recorder.events[0].status == "issued");
  session->events.confirmed(1, 1.5, true, "");
  step(2'000);
  REQUIRE(recorder.events.size() == 2);
  CHECK(recorder.events[1].status == "done");
}

TEST_CASE_FIXTURE(FakeCollector, "a stream of intervals has an end: they grow longer") {
  config.interval_s = 0.01;
  open();
  Feed a_feed(*session, 0, stop);
  IntervalRecorder recorder_of(*session, a_feed, nullptr);
  send(0);  // something is under way all the time
  const auto next_length = [&] {
    const auto from = session->clock.now_ns();
    session->clock.jump_to(recorder_of.next_ns());
    recorder_of.take(session->clock.now_ns());
    return session->clock.now_ns() - from;
  };
  for (uint64_t i = 0; i < IntervalRecorder::most; ++i) REQUIRE(next_length() == 10 * ms);
  CHECK(next_length() == 20 * ms);
  CHECK(next_length() == 20 * ms);
}

TEST_CASE_FIXTURE(FakeCollector, "when settle fails, what ends from there on is counted, and told once") {
  start();
  const auto row = send(0);
  judge = [](const sage_outcome&) -> uint32_t { throw std::runtime_error("on purpose"); };
  complete(row.id);
  CHECK_THROWS_WITH_AS(collector->step(session->clock.now_ns()), doctest::Contains("on purpose"), base::Error);
  complete(send(1).id);
  CHECK_NOTHROW(collector->step(session->clock.now_ns()));
  records::RunResult result;
  collector->conclude(result, go_to(50));
  collector->fill(result);
  CHECK(result.ledger.unchecked == 2);
  CHECK(result.verdict == "unchecked");
  uint64_t in_intervals = 0;
  for (const auto& interval : recorder.intervals) in_intervals += interval.ok;
  CHECK(in_intervals == 2);
}

TEST_CASE_FIXTURE(FakeCollector,
                  "payloads are released after they were judged, but not while a backend may read them") {
  start();
  const auto done = send(10).id;
  send(11);
  complete(done);
  session->ledger->cancel(send(12).id, go_to(1));  // the backend never got it
  step(2);
  CHECK(settled.size() == 2);
  CHECK(released == std::vector<uint64_t>{10, 12});
  session->ledger->expire(INT64_MAX, metrics::Outcome::timeout, go_to(3));
  step(4);
  CHECK(settled.size() == 3);
  CHECK(released == std::vector<uint64_t>{10, 12});
}

TEST_CASE_FIXTURE(FakeCollector, "a request that is given up while it is offered again has no impossible stamp") {
  start();
  CHECK(session->ledger->send_again(send(10).id, at(5)));
  session->ledger->expire(INT64_MAX, metrics::Outcome::unfinished, go_to(3));
  step(6);
  const auto r = result(7);
  CHECK(r.ledger.outcomes[static_cast<size_t>(metrics::Outcome::unfinished)] == 1);
  CHECK(r.ledger.bad_stamps == 0);
}

TEST_CASE_FIXTURE(FakeCollector, "payloads are released for a workload that neither judges nor has events, too") {
  judges = false;
  start();
  complete(send(10).id);
  step(1);
  CHECK(settled.empty());
  CHECK(released == std::vector<uint64_t>{10});
}

TEST_CASE_FIXTURE(FakeCollector, "a verdict that the ABI does not define fails the run and judges nothing") {
  judge = [](const sage_outcome&) { return 7U; };
  start();
  complete(send(10).id);
  CHECK_THROWS_WITH_AS(step(1), doctest::Contains("verdict on request 10 is 7"), base::Error);
  const auto r = result(2);
  CHECK(r.ledger.passed == 0);
  CHECK(r.ledger.unchecked == 1);
}
