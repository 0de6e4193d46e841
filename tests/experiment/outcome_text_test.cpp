#include "experiment/outcome_text.hpp"

#include <doctest/doctest.h>

#include "compare/made_results.hpp"

namespace host::experiment {
namespace {

using Json = nlohmann::ordered_json;

compare::ResultRecord run_of(const char* backend, double p50_ms, const Json& metadata) {
  compare::ResultSet results;
  compare::add(results, {.side = backend, .metadata = metadata});
  results.records[0].latency_p50 = p50_ms;
  return results.records[0];
}

Json total(Json values) { return {{"status", "ok"}, {"metrics", {{"total", std::move(values)}}}}; }

}  // namespace

TEST_CASE("a run is said in words, beside one of another backend if there is one") {
  const Json all_met = {{"offered", 160}, {"slo_attainment", 1.0}, {"outcomes", {{"ok", 160}}}};
  const auto sage = run_of("sage", 0.54, total(all_met));
  CHECK(outcome_text(sage, nullptr) == "Q1 on sage: 160 of 160 requests met their objective; p50 0.540 ms");
  const auto threads = run_of("threads", 0.216, total(all_met));
  CHECK(outcome_text(sage, &threads) ==
        "Q1 on sage: 160 of 160 requests met their objective; p50 0.540 ms, 2.5 times that of threads (one run each: "
        "'sage-host pair' judges)");
}

TEST_CASE("what went wrong is said too") {
  const auto run =
      run_of("ray", 3, total({{"offered", 10}, {"slo_attainment", 0.7}, {"outcomes", {{"ok", 8}}}, {"wrong", 1}}));
  CHECK(outcome_text(run, nullptr) ==
        "Q1 on ray: 7 of 10 requests met their objective, 2 did not end ok, 1 results were wrong; p50 3.00 ms");
  const auto none = run_of("ray", 3, total({{"offered", 0}}));
  CHECK(outcome_text(none, nullptr).starts_with("Q1 on ray: no request was offered"));
  const auto invalid = run_of("ray", 3, {{"status", "invalid"}, {"reasons", {"generator was late"}}});
  CHECK(outcome_text(invalid, nullptr) == "Q1 on ray: INVALID, so that its figures say nothing: generator was late");
}

}  // namespace host::experiment
