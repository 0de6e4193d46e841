#include "workloads/q3/noisy_neighbor.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "workloads/drive.hpp"

using workloads::q3::NoisyNeighbor;

namespace {

constexpr int64_t s = 1'000'000'000;

NoisyNeighbor neighbor(sage::Json load, const sage::Json& changes = sage::Json::object()) {
  sage::Json options = {{"load", std::move(load)}};
  options.update(changes);
  return {sage::Host(nullptr), "q3", options};
}

// The host's schedule: a request every 10 ms.
std::vector<sage_request> scheduled(sage::Workload& workload, uint64_t n) {
  std::vector<sage_request> rows(n);
  for (uint64_t seq = 0; seq < n; ++seq) {
    rows[seq].id = seq + 1;
    rows[seq].seq = seq;
    rows[seq].due_ns = static_cast<int64_t>(seq) * s / 100;
  }
  for (size_t at = 0; at < n; at += 64)
    REQUIRE(workload.plan(std::span(rows).subspan(at, std::min<size_t>(64, n - at))) != 0);
  return rows;
}

struct Window {
  std::string phase;
  int64_t begin = 0;
  std::vector<int> by_tenant = std::vector<int>(2, 0);
};

std::vector<Window> windows(sage::Workload& workload, const std::vector<sage_request>& rows) {
  std::vector<Window> out;
  for (const auto& event : workload.events(INT64_MAX)) {
    CHECK(event.kind == SAGE_EVENT_MARK);
    out.push_back({event.target, event.due_ns});
  }
  for (const auto& row : rows) {
    auto at = out.rend();
    for (auto w = out.rbegin(); w != out.rend() && at == out.rend(); ++w)
      if (row.due_ns >= w->begin) at = w;
    if (at != out.rend()) ++at->by_tenant[row.tenant];
  }
  return out;
}

}  // namespace

TEST_CASE("Q3: bounded by time, every phase is equally long and each tenant keeps its rate from solo to shared") {
  auto w = neighbor({{"duration", 100.0}, {"warmup_items", 100}});
  const auto rows = scheduled(w, 9'000);
  for (size_t i = 1; i < rows.size(); ++i) REQUIRE(rows[i].due_ns >= rows[i - 1].due_ns);
  const auto phases = windows(w, rows);
  REQUIRE(phases.size() == 5);
  CHECK(phases[0].phase == "solo:interactive");
  CHECK(phases[1].phase == "solo:batch");
  CHECK(phases[2].phase == "shared");
  CHECK(phases[4].phase == "shared:x2");
  for (size_t p = 0; p < 5; ++p) CHECK(phases[p].begin == 1 * s + static_cast<int64_t>(p) * 20 * s);
  // 100/s for 20 s, of which 0.4 and 0.6
  CHECK(phases[0].by_tenant[0] == doctest::Approx(800).epsilon(0.01));
  CHECK(phases[0].by_tenant[1] == 0);
  CHECK(phases[1].by_tenant[0] == 0);
  CHECK(phases[1].by_tenant[1] == doctest::Approx(1200).epsilon(0.01));
  CHECK(phases[2].by_tenant[0] == doctest::Approx(800).epsilon(0.1));
  CHECK(phases[2].by_tenant[1] == doctest::Approx(1200).epsilon(0.1));
  CHECK(phases[3].by_tenant[1] == doctest::Approx(1800).epsilon(0.1));
}

TEST_CASE("Q3: bounded by count, phases are equally long in the mean and the last one gets the rest") {
  auto w = neighbor({{"total_requests", 4600}, {"warmup_items", 0}});
  const auto phases = windows(w, scheduled(w, 4'600));
  REQUIRE(phases.size() == 5);
  // loads 0.4, 0.6, 1, 1.3, 1.6 make 4.9; the whole takes 46 s / 4.9 a phase
  for (size_t p = 1; p < 5; ++p)
    CHECK(static_cast<double>(phases[p].begin - phases[p - 1].begin) == doctest::Approx(46e9 / 4.9).epsilon(0.01));
  CHECK(phases[0].by_tenant[0] == doctest::Approx(4600 * 0.4 / 4.9).epsilon(0.01));
}

TEST_CASE("Q3: the tenants' requests are what they are called") {
  auto w = neighbor({{"total_requests", 1000}});
  for (const auto& row : scheduled(w, 1000)) {
    CHECK(row.priority == row.tenant);
    CHECK((row.class_id == 2) == (row.tenant == 1));
    CHECK(row.pipeline == row.class_id);
    if (row.tenant == 1) {
      CHECK(row.units_in >= 384);
      CHECK(row.units_out >= 96);
      CHECK(row.units_out <= 384);
    } else {
      CHECK(row.units_out <= 256);
    }
  }
}

TEST_CASE("Q3: admission holds batch requests in a stage of their own, and leaves the results alone") {
  const sage::Json load = {{"total_requests", 200}};
  auto none = neighbor(load);
  auto limit = neighbor(load, {{"admission", "limit"}, {"admission_rate", 20.0}});
  auto staggered = neighbor(load, {{"admission", "staggered"}, {"admission_places", 2.0}});
  CHECK(none.describe().pipelines[2].steps.size() == 1);
  CHECK(limit.describe().stages[1].name == "admit");
  CHECK(limit.describe().stages[1].cost_base_ns == 50e6);
  CHECK(limit.describe().pipelines[0].steps.size() == 1);  // interactive requests pass it by
  const auto rows = scheduled(none, 200);
  scheduled(limit, 200);
  scheduled(staggered, 200);
  operators::common::SerialBackend plain(none, 1), limited(limit, 1), spaced(staggered, 1);
  for (const auto& row : rows) {
    const auto alone = plain.run(row);
    const auto held = limited.run(row);
    CHECK(held.digest == alone.digest);
    CHECK(spaced.run(row).digest == alone.digest);
    if (row.tenant == 1) {
      CHECK(held.hold_ns == alone.hold_ns + 50'000'000);
      CHECK(spaced.run(row).hold_ns == alone.hold_ns + alone.hold_ns / 2);
    } else {
      CHECK(held.hold_ns == alone.hold_ns);
    }
  }
}

TEST_CASE("Q3: results are checked in every phase, and a wrong one is found") {
  for (const bool damage : {false, true}) {
    auto w = neighbor({{"total_requests", 300}, {"warmup_items", 10}}, {{"check_every", 4}});
    auto outcomes = executed(w, scheduled(w, 310), 2);
    if (damage) outcomes.rows[200].digest ^= 1;
    settled(w, outcomes.rows);
    const auto conclusion = w.conclude();
    INFO(conclusion.report.dump());
    CHECK(conclusion.report["recomputed"].get<int>() > 70);
    CHECK(conclusion.verdict == (damage ? SAGE_VERDICT_WRONG : SAGE_VERDICT_PASS));
  }
}

TEST_CASE("Q3: more disturbers each have a solo phase; what cannot be cut into phases is refused") {
  auto w = neighbor({{"total_requests", 100}}, {{"batch_tenants", 3}, {"batch_steps", "1"}});
  CHECK(w.describe().tenants == std::vector<std::string>{"interactive", "batch", "batch2", "batch3"});
  CHECK_THROWS_AS(neighbor({{"arrival", "closed"}, {"total_requests", 9}}), sage::Failure);
  CHECK_THROWS_AS(neighbor(sage::Json::object()), sage::Failure);
  CHECK_THROWS_AS(neighbor({{"total_requests", 9}}, {{"batch_steps", "1,,2"}}), sage::Failure);
  CHECK_THROWS_AS(neighbor({{"total_requests", 9}}, {{"admission", "maybe"}}), sage::Failure);
}
