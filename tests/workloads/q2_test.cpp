#include "workloads/q2/control_mix.hpp"

#include <doctest/doctest.h>

#include "workloads/drive.hpp"

using workloads::q2::ControlMix;

namespace {

ControlMix q2(const sage::Json& options = sage::Json::object()) { return {sage::Host(nullptr), "q2", options}; }

}  // namespace

TEST_CASE("Q2: unified and separated pools have equally many replicas, and give the same results") {
  auto unified = q2({{"parallelism", 3}});
  auto separated = q2({{"parallelism", 3}, {"baseline", "separated"}});
  CHECK(unified.describe().stages.size() == 1);
  CHECK(unified.describe().stages[0].parallelism == 6);
  REQUIRE(separated.describe().stages.size() == 2);
  CHECK(separated.describe().stages[0].parallelism + separated.describe().stages[1].parallelism == 6);
  CHECK(digests(executed(unified, planned(unified, 50), 2)) == digests(executed(separated, planned(separated, 50), 3)));
}

TEST_CASE("Q2: the names of earlier baselines stand for these") {
  CHECK(q2({{"baseline", "sage_unified"}}).describe().stages.size() == 1);
  auto llm_only = q2({{"baseline", "vllm_only"}});
  CHECK(llm_only.describe().stages.size() == 2);
  for (const auto& row : planned(llm_only, 300)) CHECK(row.class_id == operators::model_server::MixClass::chat);
  CHECK_THROWS_WITH_AS(q2({{"baseline", "split"}}), doctest::Contains("use --baseline unified"), sage::Failure);
}

TEST_CASE("Q2: an urgent request is of tenant premium, in either class") {
  auto w = q2({{"urgent_share", 0.3}});
  CHECK(w.describe().tenants == std::vector<std::string>{"premium", "standard"});
  int urgent[2] = {0, 0};
  for (const auto& row : planned(w, 2000)) {
    CHECK(row.tenant == row.priority);
    urgent[row.class_id] += row.priority == 0 ? 1 : 0;
  }
  CHECK(urgent[operators::model_server::MixClass::chat] == doctest::Approx(0.3 * 0.7 * 2000).epsilon(0.1));
  CHECK(urgent[operators::model_server::MixClass::embedding] == doctest::Approx(0.3 * 0.3 * 2000).epsilon(0.2));
}

TEST_CASE("Q2: a clean run passes, an answer to another question does not") {
  auto w = q2({{"check_every", 5}});
  auto outcomes = executed(w, planned(w, 40), 2);
  settled(w, outcomes.rows);
  CHECK(w.conclude().verdict == SAGE_VERDICT_PASS);

  auto other = q2({{"check_every", 1}});
  outcomes = executed(other, planned(other, 10), 2);
  std::swap(outcomes.rows[0].seq, outcomes.rows[1].seq);
  settled(other, outcomes.rows);
  CHECK(other.conclude().verdict == SAGE_VERDICT_WRONG);
}
