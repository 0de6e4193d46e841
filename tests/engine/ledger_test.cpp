#include "engine/ledger.hpp"

#include <doctest/doctest.h>

#include <array>
#include <barrier>
#include <stdexcept>
#include <thread>

#include "engine/event_log.hpp"
#include "fake_run.hpp"

using namespace host;
using namespace host::engine;

namespace {

uint64_t sum(const Ledger& ledger, LaneCounter Lane::*counter) {
  uint64_t total = 0;
  ledger.lanes.for_each([&](const Lane& lane) { total += (lane.*counter).get(); });
  return total;
}

uint64_t ended(const Ledger& ledger, metrics::Outcome outcome) {
  uint64_t total = 0;
  ledger.lanes.for_each([&](const Lane& lane) { total += lane.outcomes[static_cast<size_t>(outcome)].get(); });
  return total;
}

metrics::Counters counted(const Ledger& ledger, size_t class_id) {
  metrics::Counters total;
  ledger.lanes.for_each([&](const Lane& lane) {
    if (const auto* cell = lane.peek(ledger.lanes.shape().cell(0, class_id, 0))) cell->add_to(total);
  });
  return total;
}

}  // namespace

TEST_CASE_FIXTURE(FakeRun, "of two threads that complete the same requests, each request hears one") {
  config.load.max_in_flight = 4096;
  open();
  auto& ledger = *session->ledger;
  std::vector<sage_completion> rows;
  for (uint64_t seq = 10; seq < 2010; ++seq) {
    rows.emplace_back();
    rows.back().id = send(seq).id;
  }
  std::barrier together(2);
  const auto finish_all = [&](size_t batch) {
    together.arrive_and_wait();
    for (size_t i = 0; i < rows.size(); i += batch)
      ledger.complete(std::span(rows).subspan(i, std::min(batch, rows.size() - i)));
  };
  std::thread one([&] { finish_all(1); });
  std::thread many([&] { finish_all(100); });
  one.join();
  many.join();
  CHECK(ledger.done() == 2000);
  CHECK(ledger.in_flight() == 0);
  CHECK(ended(ledger, metrics::Outcome::ok) == 2000);
  CHECK(sum(ledger, &Lane::duplicate) == 2000);
  uint64_t seen = 0;
  ledger.lanes.for_each([&](Lane& lane) {
    seen += lane.rows.peek(SIZE_MAX, [](const DoneRow&, int64_t, std::span<const std::byte>) {});
  });
  CHECK(seen == 2000);
}

TEST_CASE_FIXTURE(FakeRun, "a batch may bring a request's chunk, its end, and what comes too late") {
  open();
  const auto id = send(10).id;
  go_to(3);
  std::vector<sage_completion> rows(4);
  for (auto& row : rows) row.id = id;
  rows[0].at_ns = at(1);
  rows[0].flags = SAGE_COMPLETION_PARTIAL;
  rows[0].units = 1;
  rows[1].at_ns = at(3);
  rows[1].units = 3;
  rows[2].flags = SAGE_COMPLETION_PARTIAL;
  session->ledger->complete(rows);
  const auto& ledger = *session->ledger;
  CHECK(ledger.done() == 1);
  CHECK(sum(ledger, &Lane::late) == 0);
  CHECK(sum(ledger, &Lane::late_chunks) == 1);
  CHECK(sum(ledger, &Lane::duplicate) == 1);
  const auto total = counted(ledger, 0);
  CHECK(total.ttft.max() == 1 * ms);
  CHECK(total.tpot.max() == 1 * ms);
  CHECK(total.itl.count() == 2);
  CHECK(total.units_out == 3);
  CHECK(total.slo_met == 1);
}

TEST_CASE_FIXTURE(FakeRun, "an end in the future or before the request was sent is corrected, and counted") {
  open();
  go_to(5);
  const auto early = send(10).id;
  const auto future = send(11, 1).id;
  const auto plausible = send(12, 1).id;
  go_to(9);
  complete(early, at(1));
  complete(future, at(3'600'000));
  complete(plausible, at(7));
  CHECK(sum(*session->ledger, &Lane::bad_stamps) == 2);
  CHECK(counted(*session->ledger, 0).response.max() == 0);
  const auto loose = counted(*session->ledger, 1);
  CHECK(loose.response.min() == 2 * ms);
  CHECK(loose.response.max() == 4 * ms);
}

TEST_CASE_FIXTURE(FakeRun, "a begin or a chunk that cannot have been then is counted, and in no time to a token") {
  open();
  go_to(5);
  const auto early = send(10, 1).id;
  const auto back = send(11, 1).id;
  go_to(20);
  const auto chunk = SAGE_COMPLETION_PARTIAL;
  complete(early, at(1), chunk, 1);  // before it was sent
  complete(back, at(9), chunk, 1);
  complete(back, at(7), chunk, 1);  // before the one that came before
  complete(back, at(8), 0, 3);      // likewise
  CHECK(sum(*session->ledger, &Lane::bad_stamps) == 3);
  sage_completion done{};
  done.id = early;
  done.at_ns = at(15);
  done.begun_ns = at(16);
  done.units = 2;
  session->ledger->complete({&done, 1});
  CHECK(sum(*session->ledger, &Lane::bad_stamps) == 4);
  const auto total = counted(*session->ledger, 1);
  CHECK(total.ttft.min() == 0);
  CHECK(total.ttft.max() == 4 * ms);
  CHECK(total.tpot.min() == 0);
  CHECK(total.response.max() == 10 * ms);
  std::vector<int64_t> begun;
  session->ledger->lanes.for_each([&](Lane& lane) {
    lane.rows.peek(SIZE_MAX,
                   [&](const DoneRow& row, int64_t, std::span<const std::byte>) { begun.push_back(row.begun_ns); });
  });
  CHECK(begun == std::vector<int64_t>{-1, -1});
}

TEST_CASE_FIXTURE(FakeRun, "a chunk of a request that has ended is late, of one that never was a stranger's") {
  open();
  const auto ended = send(10).id;
  complete(ended);
  const auto expired = send(11).id;
  session->ledger->expire(at(10), metrics::Outcome::timeout, go_to(30));
  for (const auto id : {ended, expired, ended + (uint64_t{7} << 24), uint64_t{0}, UINT64_MAX})
    complete(id, 0, SAGE_COMPLETION_PARTIAL, 1);
  CHECK(sum(*session->ledger, &Lane::late_chunks) == 2);
  CHECK(sum(*session->ledger, &Lane::unexpected) == 3);
  complete(expired);  // the look at the chunk has not forgotten it
  CHECK(sum(*session->ledger, &Lane::late) == 1);
}

TEST_CASE_FIXTURE(FakeRun, "a span that cannot be is counted, and in no time of a stage") {
  open();
  go_to(10);
  const auto good = [&](uint64_t id, uint16_t step = 0) {
    return sage_span{
        .id = id, .begin_ns = at(11), .end_ns = at(12), .stage = step, .step = step, .node = 0, .reserved = 0};
  };
  std::vector<std::vector<sage_span>> calls;
  uint64_t seq = 10;
  const auto add = [&](auto&& change) {
    calls.push_back({good(send(seq++).id)});
    change(calls.back()[0]);
  };
  add([&](sage_span& span) { span.begin_ns = at(9); });                               // before it was sent
  add([&](sage_span& span) { span.begin_ns = 1; });                                   // long before
  add([&](sage_span& span) { span.end_ns = at(3'600'000); });                         // in an hour
  add([&](sage_span& span) { span.begin_ns = at(13), span.end_ns = at(12); });        // ends first
  add([&](sage_span& span) { span.begin_ns = INT64_MIN, span.end_ns = INT64_MAX; });  // overflows
  add([&](sage_span& span) { span.stage = 1; });                                      // of another step
  add([&](sage_span& span) { span.stage = UINT16_MAX; });
  add([&](sage_span& span) { span.step = 2; });
  add([&](sage_span& span) { span.node = 1; });  // there is one node
  add([&](sage_span& span) { span.node = UINT32_MAX; });
  add([&](sage_span& span) { span.id += uint64_t{7} << 24; });  // never issued
  go_to(20);
  for (const auto& call : calls) session->ledger->spans(call);
  const auto bad = [&] { return sum(*session->ledger, &Lane::bad_spans); };
  CHECK(bad() == calls.size());

  const auto twice = send(seq++).id;
  go_to(40);
  const auto span_of = [&](uint16_t step, int64_t begin) {
    return sage_span{.id = twice,
                     .begin_ns = at(begin),
                     .end_ns = at(begin + 1),
                     .stage = step,
                     .step = step,
                     .node = 0,
                     .reserved = 0};
  };
  session->ledger->spans(std::vector{span_of(0, 20), span_of(0, 20), span_of(1, 20)});  // twice; before its input ended
  CHECK(bad() == calls.size() + 2);
  session->ledger->spans(std::vector{span_of(0, 20), span_of(1, 22)});  // all again
  CHECK(bad() == calls.size() + 4);
  complete(twice);
  session->ledger->spans(std::vector{span_of(0, 20)});  // after the end
  CHECK(bad() == calls.size() + 5);
  const auto expired = send(seq++).id;
  session->ledger->expire(at(60), metrics::Outcome::timeout, go_to(61));
  session->ledger->spans(std::vector{good(expired)});  // the host's own decision
  CHECK(bad() == calls.size() + 5);

  session->ledger->nodes.store(2);
  auto second_node = good(send(seq++).id);
  second_node.begin_ns = second_node.end_ns = go_to(70);
  second_node.node = 1;
  session->ledger->spans(std::vector{second_node});
  CHECK(bad() == calls.size() + 5);
  uint64_t counted_spans = 0;
  session->ledger->lanes.for_each([&](const Lane& lane) {
    metrics::Histogram service;
    for (size_t stage = 0; stage < 2; ++stage) lane.peek_stage(stage).service.add_to(service);
    counted_spans += service.count();
    CHECK(service.max() <= 1 * ms);
  });
  CHECK(counted_spans == 2);
}

TEST_CASE_FIXTURE(FakeRun, "a node served the measured requests of which it executed a step, or which ended ok there") {
  open();
  auto& ledger = *session->ledger;
  ledger.nodes.store(3);
  go_to(10);
  const auto run_on = [&](uint64_t id, uint32_t first, uint32_t second) {
    const auto now = session->clock.now_ns();
    ledger.spans(std::vector<sage_span>{{id, now, now, 0, 0, first, 0}, {id, now, now, 1, 1, second, 0}});
  };
  const auto end_on = [&](uint64_t id, uint32_t node, int32_t status = SAGE_DONE_OK) {
    sage_completion done{};
    done.id = id;
    done.node = node;
    done.status = status;
    ledger.complete({&done, 1});
  };
  const auto served = [&] {
    std::vector<uint64_t> out(3);
    for (uint32_t node = 0; node < 3; ++node)
      ledger.lanes.for_each([&](const Lane& lane) { out[node] += lane.served.get(node); });
    return out;
  };
  using Counts = std::vector<uint64_t>;
  const auto across = send(10).id;
  run_on(across, 1, 2);
  CHECK(served() == Counts{0, 1, 1});
  end_on(across, 2);  // its spans have said so
  CHECK(served() == Counts{0, 1, 1});
  const auto within = send(11).id;
  run_on(within, 1, 1);
  end_on(within, 1, SAGE_DONE_ERROR);
  CHECK(served() == Counts{0, 2, 1});
  end_on(send(12).id, 2);  // without spans
  CHECK(served() == Counts{0, 2, 2});
  end_on(send(13).id, 2, SAGE_DONE_REJECTED);
  end_on(send(14).id, 3);  // there is none
  end_on(send(15).id, UINT32_MAX);
  const auto warmup = send(1, 0, SAGE_REQUEST_WARMUP).id;
  run_on(warmup, 0, 0);
  end_on(warmup, 0);
  end_on(send(2, 0, SAGE_REQUEST_WARMUP).id, 0);
  send(16);
  ledger.expire(INT64_MAX, metrics::Outcome::timeout, go_to(30));
  CHECK(served() == Counts{0, 2, 2});
}

TEST_CASE("a lane counts nodes of any number, and allocates for those that served") {
  LaneNodes nodes;
  for (const uint32_t node : {0U, 511U, 512U, 99'999U, 99'999U, 131'071U, 131'072U, UINT32_MAX}) nodes.add(node);
  CHECK(nodes.get(0) == 1);
  CHECK(nodes.get(1) == 0);
  CHECK(nodes.get(511) == 1);
  CHECK(nodes.get(512) == 1);
  CHECK(nodes.get(5000) == 0);
  CHECK(nodes.get(99'999) == 2);
  CHECK(nodes.get(131'071) == 1);
  CHECK(nodes.get(UINT32_MAX) == 0);
}

TEST_CASE_FIXTURE(FakeRun, "one that was given up is a timeout, and its outcome late") {
  open();
  const auto old = send(10).id;
  go_to(20);
  const auto young = send(11).id;
  session->ledger->expire(at(10), metrics::Outcome::timeout, go_to(30));
  CHECK(ended(*session->ledger, metrics::Outcome::timeout) == 1);
  complete(old);
  complete(young);
  CHECK(sum(*session->ledger, &Lane::late) == 1);
  CHECK(ended(*session->ledger, metrics::Outcome::ok) == 1);
  CHECK(session->ledger->done() == 2);
}

TEST_CASE_FIXTURE(FakeRun, "warm-up is in the ledger and in no metric") {
  open();
  complete(send(1, 0, SAGE_REQUEST_WARMUP).id);
  complete(send(10).id);
  CHECK(session->ledger->done() == 2);
  CHECK(counted(*session->ledger, 0).response.count() == 1);
  CHECK(counted(*session->ledger, 0).offered == 1);
}

TEST_CASE_FIXTURE(FakeRun, "the room is what keeps no more in flight than the limit, in threads that ended some too") {
  open();
  auto& ledger = *session->ledger;
  std::vector<uint64_t> ids;
  for (uint64_t seq = 10; seq < 30; ++seq) ids.push_back(send(seq).id);
  CHECK(ledger.room(24, 64) == 4);
  CHECK(ledger.room(24, 2) == 2);
  CHECK(ledger.room(20, 64) == 0);
  CHECK(ledger.room(10, 64) == 0);
  std::thread([&] {
    for (size_t i = 0; i < 15; ++i) complete(ids[i]);
  }).join();
  CHECK(ledger.room(20, 64) == 15);
  CHECK(ledger.in_flight() == 5);
}

TEST_CASE_FIXTURE(FakeRun, "what comes after close is counted apart") {
  open();
  const auto id = send(10).id;
  session->ledger->close();
  complete(id);
  CHECK(sum(*session->ledger, &Lane::after_close) == 1);
  CHECK(session->ledger->done() == 0);
}

TEST_CASE_FIXTURE(FakeRun, "a step waits from the end of its input, the first one from when the request was sent") {
  open();
  go_to(1);
  const auto id = send(10).id;
  const std::vector<sage_span> spans = {
      {.id = id, .begin_ns = at(3), .end_ns = at(7), .stage = 0, .step = 0, .node = 0, .reserved = 0},
      {.id = id, .begin_ns = at(12), .end_ns = at(13), .stage = 1, .step = 1, .node = 0, .reserved = 0},
      {.id = id, .begin_ns = at(12), .end_ns = at(13), .stage = 1, .step = 2, .node = 0, .reserved = 0}};  // there is
                                                                                                           // no step 2
  go_to(14);
  session->ledger->spans(spans);
  CHECK(sum(*session->ledger, &Lane::bad_spans) == 1);
  metrics::Histogram first_wait, first_service, second_wait, second_service;
  session->ledger->lanes.for_each([&](const Lane& lane) {
    lane.peek_stage(0).wait.add_to(first_wait);
    lane.peek_stage(0).service.add_to(first_service);
    lane.peek_stage(1).wait.add_to(second_wait);
    lane.peek_stage(1).service.add_to(second_service);
  });
  CHECK(first_wait.max() == 2 * ms);
  CHECK(first_service.max() == 4 * ms);
  CHECK(second_wait.count() == 1);
  CHECK(second_wait.max() == 5 * ms);
  CHECK(second_service.max() == 1 * ms);
}

#ifndef NDEBUG
TEST_CASE("a broken invariant of the host throws and names itself") {
  SlotTable table(16);
  uint64_t id = 0;
  auto* slot = table.allocate(id);
  CHECK_THROWS_AS(SlotTable::release(*slot), std::logic_error);  // nobody claimed it
  SlotTable::publish(*slot, id);
  try {
    SlotTable::publish(*slot, id);
    FAIL("published twice");
  } catch (const std::logic_error& e) {
    CHECK(std::string(e.what()).find("a slot is published that is not free") != std::string::npos);
  }
  EventLog events;
  records::EventRecord record;
  record.id = 2;
  CHECK_THROWS_AS(events.issued(record), std::logic_error);  // ids begin at 1
}
#endif

TEST_CASE_FIXTURE(FakeRun, "token times make the intervals between tokens, whether chunks or the end bring them") {
  open();
  const auto chunked = send(10, 1).id;
  const auto whole = send(11, 1).id;
  const auto mixed = send(12, 1).id;
  go_to(20);
  const std::array tokens = {at(2), at(5), at(9)};
  sage_completion row{};
  row.id = chunked;
  row.token_ns = tokens.data();
  row.units = 3;
  row.flags = SAGE_COMPLETION_PARTIAL;
  session->ledger->complete({&row, 1});
  row.id = mixed;
  row.units = 1;
  session->ledger->complete({&row, 1});
  row = {};
  row.id = chunked;
  row.at_ns = at(9);
  row.units = 3;
  session->ledger->complete({&row, 1});
  row.id = whole;
  row.token_ns = tokens.data();
  session->ledger->complete({&row, 1});
  row.id = mixed;  // of three tokens a chunk told one
  row.token_ns = tokens.data() + 1;
  session->ledger->complete({&row, 1});
  const auto total = counted(*session->ledger, 1);
  CHECK(total.ttft.count() == 3);
  CHECK(total.ttft.min() == 2 * ms);
  CHECK(total.ttft.max() == 2 * ms);
  CHECK(total.itl.count() == 6);
  CHECK(total.itl.min() == 3 * ms);
  CHECK(total.itl.max() == 4 * ms);
  CHECK(sum(*session->ledger, &Lane::bad_stamps) == 0);
}

TEST_CASE_FIXTURE(FakeRun, "a status or a flag that the ABI does not define is counted") {
  open();
  sage_completion row{};
  row.id = send(10).id;
  row.status = 99;
  session->ledger->complete({&row, 1});
  row.id = send(11).id;
  row.status = -1;
  session->ledger->complete({&row, 1});
  row.id = send(12).id;
  row.status = SAGE_DONE_OK;
  row.flags = 8;
  session->ledger->complete({&row, 1});
  CHECK(sum(*session->ledger, &Lane::unknown) == 3);
  CHECK(ended(*session->ledger, metrics::Outcome::error) == 2);
  CHECK(ended(*session->ledger, metrics::Outcome::ok) == 1);
}

TEST_CASE_FIXTURE(FakeRun, "stamps within the error of a node's clock are moved, others are counted") {
  open();
  session->ledger->clock_error_ns.store(2 * ms);
  go_to(5);
  const auto a = send(10).id;
  const auto b = send(11).id;
  go_to(9);
  complete(a, at(10));  // in the future, by less than the error
  complete(b, at(2));   // before it was sent, by more
  CHECK(sum(*session->ledger, &Lane::bad_stamps) == 1);
  CHECK(ended(*session->ledger, metrics::Outcome::ok) == 2);
  CHECK(counted(*session->ledger, 0).response.max() == 4 * ms);
}
