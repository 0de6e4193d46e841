#include "workloads/q1/side_by_side.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "workloads/drive.hpp"
#include "workloads/q1/pipeline_chain.hpp"

using workloads::q1::PipelineChain;
using workloads::q1::SideBySide;

namespace {

constexpr int64_t ms = 1'000'000;

struct Placed {
  uint32_t pipeline;
  int64_t due_ns;
};
// Of a schedule that the host would offer every 10 ms, the first at 0.
std::vector<Placed> placed(SideBySide& pipelines, uint64_t n) {
  std::vector<Placed> out;
  for (uint64_t seq = 0; seq < n; ++seq) {
    sage_request row{};
    row.seq = seq;
    row.due_ns = static_cast<int64_t>(seq) * 10 * ms;
    const auto pipeline = pipelines.place(row);
    out.push_back({pipeline, row.due_ns});
  }
  return out;
}

SideBySide side_by_side(int pipelines, double stagger_s, uint64_t warmup, uint64_t total) {
  const sage::Json load = {{"arrival", "constant"}, {"warmup_items", warmup}, {"total_requests", total}};
  const sage::Json options = {{"pipelines", pipelines}, {"stagger_s", stagger_s}, {"load", load}};
  return SideBySide(options);
}

}  // namespace

TEST_CASE("at once: requests are dealt in turn and their times stay") {
  auto four = side_by_side(4, 0, 4, 40);
  const auto rows = placed(four, 44);
  for (size_t i = 0; i < rows.size(); ++i) {
    CHECK(rows[i].pipeline == i % 4);
    CHECK(rows[i].due_ns == static_cast<int64_t>(i) * 10 * ms);
  }
}

TEST_CASE("staggered: each begins when it should, at its share of the rate, and ends with its part") {
  auto three = side_by_side(3, 0.5, 6, 90);
  const auto rows = placed(three, 96);
  for (size_t i = 0; i < 6; ++i) CHECK(rows[i].due_ns == static_cast<int64_t>(i) * 10 * ms);  // the warm-up, of all
  for (uint32_t p = 0; p < 3; ++p) {
    std::vector<int64_t> dues;
    for (size_t i = 6; i < rows.size(); ++i)
      if (rows[i].pipeline == p) dues.push_back(rows[i].due_ns - 50 * ms);  // from the last of the warm-up
    REQUIRE(dues.size() == 30);
    // One request each 30 ms is its share of 100/s; pipelines take turns, so a gap is up to one turn off.
    CHECK(dues.front() >= p * 500 * ms);
    CHECK(dues.front() <= p * 500 * ms + 30 * ms);
    CHECK(dues.back() - dues.front() == doctest::Approx(29.0 * 30 * ms).epsilon(0.05));
  }
  CHECK(std::ranges::is_sorted(rows, {}, &Placed::due_ns));
}

TEST_CASE("staggered: a pause where one has ended before the next begins") {
  auto two = side_by_side(2, 10, 0, 20);
  const auto rows = placed(two, 20);
  CHECK(rows[9].pipeline == 0);
  CHECK(rows[9].due_ns == 9 * 20 * ms);
  CHECK(rows[10].pipeline == 1);
  CHECK(rows[10].due_ns >= 10'000 * ms);
  CHECK(rows[10].due_ns <= 10'020 * ms);
}

TEST_CASE("staggered without a number of requests: all go on") {
  auto two = side_by_side(2, 0.1, 0, 0);
  const auto rows = placed(two, 300);
  CHECK(rows.back().due_ns < 3100 * ms);
  size_t last = 0;
  for (size_t i = 200; i < 300; ++i) last += rows[i].pipeline;
  CHECK(last == 50);
}

TEST_CASE("more requests than were announced are placed all the same") {
  auto two = side_by_side(2, 0.1, 0, 10);
  CHECK(placed(two, 40).back().due_ns > 0);
}

TEST_CASE("a stagger without due times is refused, one pipeline has nothing to stagger") {
  const auto with = [](int pipelines, const char* arrival) {
    const sage::Json options = {{"pipelines", pipelines}, {"stagger_s", 1.0}, {"load", {{"arrival", arrival}}}};
    return SideBySide(options);
  };
  CHECK_THROWS_WITH_AS(with(2, "closed"), doctest::Contains("'stagger_s' moves due times, and --arrival closed"),
                       sage::Failure);
  CHECK_THROWS_AS(with(2, "offline"), sage::Failure);
  CHECK(with(1, "closed").pipelines() == 1);
  CHECK_THROWS_AS(with(65, "poisson"), sage::Failure);
}

TEST_CASE("Q1: pipelines side by side have stages and tenants of their own, and the same results") {
  const sage::Json options = {{"variant", "mixed"}, {"documents", 100}, {"task_hashes", 16}, {"check_every", 2}};
  auto several = options;
  several["pipelines"] = 3;
  PipelineChain one(sage::Host(nullptr), "q1", options), three(sage::Host(nullptr), "q1", several);
  const auto &alone = one.describe(), &beside = three.describe();
  CHECK(beside.stages.size() == 3 * alone.stages.size());
  CHECK(beside.tenants == std::vector<std::string>{"p1", "p2", "p3"});
  CHECK(beside.classes.size() == 2);
  REQUIRE(beside.pipelines.size() == 6);
  CHECK(beside.pipelines[2].name == "p2.chain");
  for (size_t p = 0; p < 6; ++p)
    for (const auto& step : beside.pipelines[p].steps) {
      CHECK(step.stage / alone.stages.size() == p / 2);
      CHECK(beside.stages[step.stage].name.starts_with("p" + std::to_string(p / 2 + 1) + "."));
    }

  const auto rows = planned(three, 30);
  for (const auto& row : rows) {
    CHECK(row.tenant == row.seq % 3);
    CHECK(row.pipeline == row.tenant * 2 + row.class_id);
  }
  const auto outcomes = executed(three, rows, 1);
  CHECK(digests(outcomes) == digests(executed(one, planned(one, 30), 1)));
  settled(three, outcomes.rows);
  const auto conclusion = three.conclude();
  CHECK(conclusion.verdict == SAGE_VERDICT_PASS);
  CHECK(conclusion.report["recomputed"] == 15);
}
