#include "operators/common/digest_check.hpp"

#include <doctest/doctest.h>

#include "operators/model_server/mix.hpp"
#include "workloads/drive.hpp"

using namespace operators;

namespace {

// The mix and nothing else.
class Mixed final : public sage::Workload {
 public:
  const sage::Description& describe() override { return description_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view name, const sage::Json& config, uint32_t /*replica*/,
                                                uint32_t /*replicas*/) override {
    return model_server::open_mix_operator(name, config);
  }
  size_t plan(std::span<sage_request> rows) override {
    for (auto& row : rows) mix_.complete(row);
    return rows.size();
  }
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override {
    check_.settle(rows, verdicts);
  }
  sage::Conclusion conclude() override {
    return check_.conclude(*this, [this](sage_request& row) { mix_.complete(row); });
  }

 private:
  sage::Json options_ = sage::Json::object();
  sage::Description description_ = model_server::describe_mix(options_, model_server::Pools::separated, 1);
  model_server::Mix mix_{options_};
  common::DigestCheck check_{4};
};

}  // namespace

TEST_CASE("results that carry their digests and come out again the same pass") {
  Mixed workload;
  auto outcomes = executed(workload, planned(workload, 40), 2);
  outcomes.rows[1].outcome = SAGE_OUTCOME_ERROR;
  outcomes.rows[2].digest = 0;  // a backend that gives none
  const auto verdicts = settled(workload, outcomes.rows);
  CHECK(verdicts[1] == SAGE_VERDICT_UNCHECKED);
  CHECK(verdicts[2] == SAGE_VERDICT_UNCHECKED);
  CHECK(std::count(verdicts.begin(), verdicts.end(), SAGE_VERDICT_PASS) == 38);
  const auto conclusion = workload.conclude();
  CHECK(conclusion.verdict == SAGE_VERDICT_PASS);
  CHECK(conclusion.report["recomputed"] == 10);
}

TEST_CASE("a damaged result is wrong at once, an exchanged one when it is computed again") {
  Mixed damaged;
  auto outcomes = executed(damaged, planned(damaged, 8), 1);
  outcomes.results[3].back() ^= std::byte{1};
  CHECK(settled(damaged, outcomes.rows)[3] == SAGE_VERDICT_WRONG);
  CHECK(damaged.conclude().verdict == SAGE_VERDICT_WRONG);

  Mixed exchanged;
  outcomes = executed(exchanged, planned(exchanged, 8), 1);
  std::swap(outcomes.rows[4].seq, outcomes.rows[5].seq);
  settled(exchanged, outcomes.rows);
  const auto conclusion = exchanged.conclude();
  CHECK(conclusion.verdict == SAGE_VERDICT_WRONG);
  CHECK(conclusion.report["recomputed_different"] == sage::Json::array({4}));
}

TEST_CASE("digests are the same for any number of replicas and in any order") {
  Mixed workload;
  auto rows = planned(workload, 40);
  const auto expected = digests(executed(workload, rows, 1));
  std::reverse(rows.begin(), rows.end());
  CHECK(digests(executed(workload, rows, 5)) == expected);
}

TEST_CASE("nothing checked is no pass") { CHECK(Mixed().conclude().verdict == SAGE_VERDICT_UNCHECKED); }
