// Each variant on each backend that lives in this process, against the serial reference.
#include <doctest/doctest.h>

#include <set>

#include "backends/fake_run.hpp"
#include "backends_mock/lab.hpp"
#include "workloads/drive.hpp"
#include "workloads/q1/pipeline_chain.hpp"

using workloads::q1::PipelineChain;
using Digests = std::map<uint64_t, uint64_t>;

namespace {

constexpr const char* variants[] = {"basic", "multi", "join", "extreme", "compute", "mixed"};
constexpr uint64_t requests = 60;

PipelineChain q1(const std::string& variant, const sage::Json& changes = sage::Json::object()) {
  sage::Json options = {
      {"variant", variant},     {"documents", 300},       {"document_words", 60},      {"input_tokens_min", 40},
      {"input_tokens_max", 80}, {"sessions", 8},          {"event_rate", 10},          {"window_s", 2},
      {"join_similarity", 0.2}, {"duplicate_share", 0.3}, {"prefill_us_per_token", 0}, {"decode_us_per_token", 0.1},
      {"check_every", 4},       {"task_hashes", 32}};
  options.update(changes);
  return {sage::Host(nullptr), "q1", options};
}

Digests on_threads(sage::Workload& workload, const std::vector<sage_request>& rows, uint32_t parallelism) {
  fake::Run run(workload, {.parallelism = parallelism});
  run.open();
  run.submit_all(rows);
  REQUIRE(run.drain());
  Digests found;
  for (const auto& [id, end] : run.host.ends())
    if (end.row.status == SAGE_DONE_OK) found[id - 1] = end.row.digest;
  return found;
}

Digests on_mock(sage::Workload& workload, std::vector<sage_request> rows, uint32_t nodes, uint32_t parallelism) {
  sage::detail::WorkloadInstance instance;
  instance.object.reset(&workload);
  const sage_operators operators = {
      sizeof(sage_operators),      0, &instance, sage::detail::operator_open, sage::detail::operator_run,
      sage::detail::operator_close};
  Digests found;
  {
    lab::Lab lab({.description = workload.describe(),
                  .options = {{"operators", true}},
                  .nodes = nodes,
                  .parallelism = parallelism,
                  .operators = &operators});
    for (auto& row : rows) {
      row.due_ns = lab::start_ns + static_cast<int64_t>(row.seq) * lab::ms;
      lab.offer(row);
    }
    lab.finish();
    for (const auto& [seq, end] : lab.ended)
      if (end.status == SAGE_DONE_OK) found[seq] = end.digest;
  }
  (void)instance.object.release();  // the caller's own
  return found;
}

}  // namespace

TEST_CASE("Q1: every variant gives the same digests on threads, on mock and step by step") {
  for (const std::string variant : variants) {
    INFO(variant);
    auto w = q1(variant);
    const auto rows = planned(w, requests);
    const auto expected = digests(executed(w, rows, 1));
    REQUIRE(expected.size() == requests);
    CHECK(on_threads(w, rows, 1) == expected);
    CHECK(on_threads(w, rows, 8) == expected);
    CHECK(on_mock(w, rows, 1, 1) == expected);
    CHECK(on_mock(w, rows, 3, 2) == expected);
  }
}

TEST_CASE("Q1: a replica that sees only some requests, in any order, gives each the same digest") {
  for (const std::string variant : variants) {
    INFO(variant);
    auto w = q1(variant);
    auto rows = planned(w, requests);
    const auto all = digests(executed(w, rows, 1));
    shuffle(rows, 5);
    rows.resize(requests / 3);
    for (const auto& [seq, digest] : digests(executed(w, rows, 2))) CHECK(digest == all.at(seq));
  }
}

TEST_CASE("Q1: another seed gives every request another result, in every variant") {
  std::set<uint64_t> distinct;
  for (const std::string variant : variants)
    for (const uint64_t seed : {42U, 43U}) {
      auto w = q1(variant, {{"seed", seed}, {"llm_ratio", 1.0}});
      for (const auto& [seq, digest] : digests(executed(w, planned(w, 20), 1))) distinct.insert(digest);
    }
  // mixed is basic's chain here, where all requests are of class chat
  CHECK(distinct.size() == 5 * 2 * 20);
}

TEST_CASE("Q1: the check after a run recomputes every variant, and finds an answer to another request") {
  for (const std::string variant : variants) {
    INFO(variant);
    auto clean = q1(variant);
    settled(clean, executed(clean, planned(clean, requests), 2).rows);
    const auto conclusion = clean.conclude();
    CHECK(conclusion.verdict == SAGE_VERDICT_PASS);
    CHECK(conclusion.report["recomputed"] == requests / 4);

    auto mixed_up = q1(variant);
    auto outcomes = executed(mixed_up, planned(mixed_up, 10), 1);
    std::swap(outcomes.rows[4].seq, outcomes.rows[5].seq);
    settled(mixed_up, outcomes.rows);
    CHECK(mixed_up.conclude().report["recomputed_different"] == sage::Json::array({4}));
  }
}

TEST_CASE("Q1: every pipeline is in topological order, and its result is all that nobody takes") {
  for (const std::string variant : variants) {
    auto w = q1(variant);
    REQUIRE(w.describe().pipelines.size() == w.describe().classes.size());
    for (const auto& pipeline : w.describe().pipelines) {
      INFO(variant, " ", pipeline.name);
      std::vector<int> taken(pipeline.steps.size(), 0);
      for (uint32_t s = 0; s < pipeline.steps.size(); ++s) {
        CHECK(pipeline.steps[s].stage < w.describe().stages.size());
        for (const auto from : pipeline.steps[s].inputs) {
          REQUIRE(from < s);
          ++taken[from];
        }
      }
      CHECK(std::count(taken.begin(), taken.end(), 0) == 1);
      CHECK(taken.back() == 0);
    }
  }
}

TEST_CASE("Q1: sessions are the key of a query, updates are as long as their document") {
  auto multi = q1("multi");
  std::set<uint64_t> keys;
  for (const auto& row : planned(multi, 200))
    if (row.class_id == 0) keys.insert(row.key);
  CHECK(keys.size() == 8);
  CHECK(*keys.rbegin() == 7);

  auto join = q1("join");
  CHECK(join.describe().classes[1].name == "update");
  operators::common::SerialBackend backend(join, 1);
  for (const auto& row : planned(join, 40)) {
    if (row.class_id == 0) continue;
    const auto result = backend.run(row);
    const operators::common::MessageReader message(result.bytes, "test");
    CHECK(operators::common::split_words(message.text(operators::common::Section::query)).size() == row.units_in);
    CHECK(row.units_out == 0);
  }
}
