#include "engine/plan.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "fake_run.hpp"

using namespace host;
using namespace host::engine;

namespace {

std::vector<sage_request> all_rows(Plan& plan) {
  std::vector<sage_request> rows;
  for (; plan.row() != nullptr; plan.take_row()) rows.push_back(*plan.row());
  return rows;
}

}  // namespace

TEST_CASE_FIXTURE(
    FakeRun, "rows are due when the arrivals say, across blocks, and the window ends where one more would be due") {
  config.load.total_requests = 990;
  open();
  Plan planned(*session);
  CHECK(planned.paced());
  CHECK(session->ledger->window_end_ns == INT64_MAX);
  const auto rows = all_rows(planned);
  REQUIRE(rows.size() == 1000);
  for (size_t i = 0; i < rows.size(); ++i) {
    CHECK(rows[i].seq == i);
    CHECK(rows[i].due_ns == static_cast<int64_t>(i) * 10 * ms);
  }
  CHECK(session->ledger->window_end_ns == at(10'000));
}

TEST_CASE_FIXTURE(FakeRun, "where the workload moves due times, the window ends as long after its last row") {
  plan = [](std::span<sage_request> rows) {
    for (auto& row : rows) row.due_ns *= 3;
    return rows.size();
  };
  open();
  Plan planned(*session);
  CHECK(all_rows(planned).back().due_ns == 49 * 30 * ms);
  CHECK(session->ledger->window_end_ns == at(49 * 30 + 10));
}

TEST_CASE_FIXTURE(FakeRun, "a schedule bounded by time has no row due at its end or later") {
  config.load.total_requests = 0;
  config.load.duration_s = 2.5;
  open();
  Plan planned(*session);
  CHECK(all_rows(planned).size() == 10 + 250);  // measured from the first row after the warm-up
  CHECK(session->ledger->window_end_ns == at(100 + 2500));
}

TEST_CASE_FIXTURE(FakeRun, "a workload that fills fewer rows ends the schedule, a mean gap after its last") {
  plan = [](std::span<sage_request> rows) { return std::min<size_t>(rows.size(), 30); };
  config.load.total_requests = 0;
  config.load.duration_s = 60;
  open();
  Plan planned(*session);
  CHECK(all_rows(planned).size() == 30);
  CHECK(session->ledger->window_end_ns == at(300));
}

TEST_CASE_FIXTURE(FakeRun, "a closed loop has no due times, and ends when it is cut") {
  config.load.arrival = load::Arrival::closed;
  open();
  Plan planned(*session);
  CHECK_FALSE(planned.paced());
  REQUIRE(planned.row() != nullptr);
  CHECK(planned.row()->due_ns == 0);
  planned.cut(7 * ms);
  CHECK(planned.row() == nullptr);
  CHECK(session->ledger->window_end_ns == at(7));
}

TEST_CASE_FIXTURE(FakeRun, "a workload's mistakes are refused") {
  SUBCASE("a class that it did not describe") {
    plan = [](std::span<sage_request> rows) {
      rows[5].class_id = 2;
      return rows.size();
    };
  }
  SUBCASE("due times that decrease") {
    plan = [](std::span<sage_request> rows) {
      rows[5].due_ns = 0;
      return rows.size();
    };
  }
  SUBCASE("a flag that the ABI does not define") {
    plan = [](std::span<sage_request> rows) {
      rows[5].flags = 16;
      return rows.size();
    };
  }
  SUBCASE("the host's own flag") {
    plan = [](std::span<sage_request> rows) {
      rows[5].flags = SAGE_REQUEST_WARMUP;
      return rows.size();
    };
  }
  SUBCASE("more rows than were asked for") {
    plan = [](std::span<sage_request> rows) { return rows.size() + 1; };
  }
  open();
  Plan planned(*session);
  CHECK_THROWS_AS(planned.row(), base::Error);
}

TEST_CASE_FIXTURE(FakeRun, "control events are known as far as rows are planned, and up to the window's end") {
  events = {{SAGE_EVENT_FAULT, 15 * ms, "early", {}},
            {SAGE_EVENT_FAULT, 495 * ms, "in the window", {}},
            {SAGE_EVENT_FAULT, 505 * ms, "after it", {}}};
  open();
  Plan planned(*session);
  CHECK(planned.event() == nullptr);
  REQUIRE(planned.row() != nullptr);
  REQUIRE(planned.event() != nullptr);
  CHECK(planned.event()->target == "early");
  planned.take_event();
  REQUIRE(planned.event() != nullptr);
  CHECK(planned.event()->target == "in the window");
  planned.take_event();
  CHECK(planned.event() == nullptr);
}
