#include "workloads/q1/pipeline_chain.hpp"

#include <doctest/doctest.h>

#include <set>

#include "workloads/drive.hpp"

using workloads::q1::PipelineChain;

namespace {

const sage::Json small = {{"documents", 200}, {"document_words", 60}, {"check_every", 8}};

PipelineChain q1(const sage::Json& changes = sage::Json::object()) {
  auto options = small;
  options.update(changes);
  return {sage::Host(nullptr), "q1", options};
}

}  // namespace

TEST_CASE("Q1: chat requests go through five stages, embedding requests through one") {
  auto w = q1();
  const auto& d = w.describe();
  REQUIRE(d.stages.size() == 5);
  REQUIRE(d.pipelines.size() == 2);
  CHECK(d.pipelines[0].steps.size() == 5);
  CHECK(d.pipelines[1].steps.size() == 1);
  CHECK(d.classes[0].name == "chat");
  CHECK(d.classes[0].slo_response_ns == 500'000'000);
  CHECK(d.classes[1].slo_response_ns == 100'000'000);

  int chats = 0;
  for (const auto& row : planned(w, 2000)) {
    const bool is_chat = row.class_id == 0;
    chats += is_chat ? 1 : 0;
    CHECK(row.pipeline == row.class_id);
    CHECK(row.units_in >= 256);
    CHECK(row.units_in <= 512);
    CHECK((is_chat ? row.units_out >= 64 && row.units_out <= 256 : row.units_out == 0));
    CHECK(row.flags == SAGE_REQUEST_IDEMPOTENT);
  }
  CHECK(chats == doctest::Approx(1200).epsilon(0.05));
}

TEST_CASE("Q1: the plan is a function of seed and seq, however it is asked for") {
  auto w = q1();
  const auto one_by_one = planned(w, 100, 1);
  auto again = q1();
  const auto at_once = planned(again, 100, 100);
  auto other = q1({{"seed", 43}});
  const auto other_rows = planned(other, 100);
  int different = 0;
  for (size_t i = 0; i < 100; ++i) {
    CHECK(one_by_one[i].units_in == at_once[i].units_in);
    CHECK(one_by_one[i].units_out == at_once[i].units_out);
    CHECK(one_by_one[i].class_id == at_once[i].class_id);
    different += one_by_one[i].units_in != other_rows[i].units_in ? 1 : 0;
  }
  CHECK(different > 90);
}

TEST_CASE("Q1: another class mix leaves the sizes alone, other sizes leave the mix alone") {
  auto a = q1();
  auto b = q1({{"llm_ratio", 1.0}});
  auto c = q1({{"input_tokens_min", 10}, {"input_tokens_max", 20}});
  const auto rows_a = planned(a, 200);
  const auto rows_b = planned(b, 200);
  const auto rows_c = planned(c, 200);
  for (size_t i = 0; i < 200; ++i) {
    CHECK(rows_a[i].units_in == rows_b[i].units_in);
    if (rows_a[i].class_id == 0) CHECK(rows_a[i].units_out == rows_b[i].units_out);
    CHECK(rows_a[i].class_id == rows_c[i].class_id);
    CHECK(rows_c[i].units_in <= 20);
  }
}

TEST_CASE("Q1: sizes from a trace are kept, and the recomputation knows them") {
  auto w = q1({{"check_every", 1}});
  std::vector<sage_request> rows(6);
  for (uint64_t seq = 0; seq < rows.size(); ++seq) {
    rows[seq].seq = seq;
    rows[seq].units_in = 33;
    rows[seq].units_out = 5;
  }
  w.plan(rows);
  for (const auto& row : rows) CHECK(row.units_in == 33);
  settled(w, executed(w, rows, 1).rows);
  const auto conclusion = w.conclude();
  CHECK(conclusion.verdict == SAGE_VERDICT_PASS);
  CHECK(conclusion.report["recomputed"] == 6);
}

TEST_CASE("Q1: digests are the same for 1 and 8 replicas, forwards and backwards") {
  auto w = q1();
  auto rows = planned(w, 60);
  const auto expected = digests(executed(w, rows, 1));
  CHECK(digests(executed(w, rows, 8)) == expected);
  std::reverse(rows.begin(), rows.end());
  CHECK(digests(executed(w, rows, 3)) == expected);
  std::set<uint64_t> distinct;
  for (const auto& [seq, digest] : expected) distinct.insert(digest);
  CHECK(distinct.size() == 60);
}

TEST_CASE("Q1: exact search and burning the CPU give answers too") {
  auto w = q1({{"index", "exact"}, {"generate", "cpu"}, {"decode_us_per_token", 1}, {"prefill_us_per_token", 1}});
  operators::common::SerialBackend backend(w, 1);
  for (const auto& row : planned(w, 10)) {
    const auto result = backend.run(row);
    CHECK(result.hold_ns == 0);
    CHECK(result.units == row.units_out);
  }
}

TEST_CASE("Q1: a clean run passes and reports what was checked") {
  auto w = q1();
  auto outcomes = executed(w, planned(w, 80), 2);
  outcomes.rows[3].outcome = SAGE_OUTCOME_TIMEOUT;
  outcomes.rows[5].result = {};  // the host could not keep it
  outcomes.rows[6].digest = 0;   // the backend gives none
  const auto verdicts = settled(w, outcomes.rows);
  CHECK(verdicts[3] == SAGE_VERDICT_UNCHECKED);
  CHECK(verdicts[5] == SAGE_VERDICT_PASS);
  CHECK(verdicts[6] == SAGE_VERDICT_UNCHECKED);
  CHECK(std::count(verdicts.begin(), verdicts.end(), SAGE_VERDICT_PASS) == 78);
  const auto conclusion = w.conclude();
  CHECK(conclusion.verdict == SAGE_VERDICT_PASS);
  CHECK(conclusion.report["ok"] == 79);
  CHECK(conclusion.report["with_result"] == 77);
  CHECK(conclusion.report["recomputed"] == 10);
}

TEST_CASE("Q1: a result damaged on the way is wrong at once") {
  auto w = q1();
  auto outcomes = executed(w, planned(w, 10), 1);
  outcomes.results[4][20] ^= std::byte{1};
  CHECK(settled(w, outcomes.rows)[4] == SAGE_VERDICT_WRONG);
  CHECK(w.conclude().verdict == SAGE_VERDICT_WRONG);
}

TEST_CASE("Q1: a backend that answers another request's question is found by recomputing") {
  auto w = q1();
  auto outcomes = executed(w, planned(w, 10), 1);
  std::swap(outcomes.rows[0].seq, outcomes.rows[1].seq);  // digest and result still belong together
  settled(w, outcomes.rows);
  const auto conclusion = w.conclude();
  CHECK(conclusion.verdict == SAGE_VERDICT_WRONG);
  CHECK(conclusion.report["recomputed_different"] == sage::Json::array({0}));
}

TEST_CASE("Q1: nothing checked is no pass") { CHECK(q1().conclude().verdict == SAGE_VERDICT_UNCHECKED); }

TEST_CASE("Q1: options that do not fit together are refused by name") {
  CHECK_THROWS_WITH_AS(q1({{"variant", "maximal"}}),
                       doctest::Contains("'maximal'; it has basic, multi, join, extreme, compute, mixed"),
                       sage::Failure);
  CHECK_THROWS_WITH_AS(q1({{"input_tokens_min", 600}}), doctest::Contains("'input_tokens_min' is 600"), sage::Failure);
  CHECK_THROWS_WITH_AS(q1({{"output_tokens_min", 600}}), doctest::Contains("'output_tokens_min' is 600"),
                       sage::Failure);
}
