#include "records/isolation.hpp"

#include <doctest/doctest.h>

#include "records/summary.hpp"

using namespace host;
using namespace host::records;

namespace {

constexpr int64_t ms = 1'000'000;

const metrics::Metric& at(const std::vector<metrics::Metric>& metrics, std::string_view name) {
  for (const auto& metric : metrics)
    if (metric.name == name) return metric;
  throw std::out_of_range(std::string(name));
}

void fill(metrics::Counters& cell, uint64_t n, int64_t response_ms, uint64_t failed = 0) {
  cell.offered = n;
  cell.outcomes[0] = cell.ok_in_window = n - failed;
  cell.outcomes[1] = failed;
  cell.response.record(response_ms * ms, n - failed);
}

// Phases of 100 s: a alone, b alone, both, both with b at three times its load.
RunResult result() {
  RunResult r;
  r.window_s = 400;
  r.cells.emplace(std::vector<std::string>{"solo:a", "solo:b", "shared", "shared:x3"}, std::vector<std::string>{"all"},
                  std::vector<std::string>{"a", "b"});
  for (const auto& phase : r.cells->phases()) r.phase_windows.push_back({phase, 100});
  fill(r.cells->at(0, 0, 0), 1000, 10);
  fill(r.cells->at(1, 0, 1), 2000, 40);
  fill(r.cells->at(2, 0, 0), 1000, 20, 200);
  fill(r.cells->at(2, 0, 1), 2100, 60);
  fill(r.cells->at(3, 0, 0), 1000, 50);
  fill(r.cells->at(3, 0, 1), 6000, 200);
  return r;
}

}  // namespace

TEST_CASE("a shared phase is compared with each tenant's solo phase") {
  const auto summary = summarize(result());
  REQUIRE(summary.shared_phases.size() == 2);
  const auto& shared = summary.shared_phases[0];
  CHECK(shared.phase == "shared");
  CHECK(*at(shared.metrics, "stp").value == doctest::Approx(0.8 + 1));  // of what was offered
  CHECK(*at(shared.metrics, "antt").value == doctest::Approx((2.0 + 1.5) / 2).epsilon(0.001));
  CHECK(*at(shared.metrics, "isolation_index").value == doctest::Approx(0.8 / 2).epsilon(0.001));  // a's
  CHECK(*at(shared.metrics, "fairness").value == doctest::Approx(1.8 * 1.8 / (2 * (0.64 + 1))));
  const auto& a = summary.phase_tenants[4];
  CHECK(a.phase == "shared");
  CHECK(a.tenant == "a");
  CHECK(*a.value("interference_p95") == doctest::Approx(2).epsilon(0.002));
  CHECK(a.at("interference_p99").reason == "shared: needs 1000 samples, has 800");
  CHECK(*summary.phase_tenants[5].value("interference_p99") == doctest::Approx(1.5).epsilon(0.002));
  CHECK(at(summary.run, "stp").value == at(shared.metrics, "stp").value);  // the run's is the first one's
}

TEST_CASE("a tenant whose load differs from solo is compared with nothing; the others still are") {
  const auto summary = summarize(result());
  const auto& step = summary.shared_phases[1];
  CHECK(at(step.metrics, "stp").reason == "tenant b offers 3 times its solo load");
  CHECK(*at(step.metrics, "isolation_index").value == doctest::Approx(0.2).epsilon(0.001));
  CHECK(*summary.phase_tenants[6].value("interference_p99") == doctest::Approx(5).epsilon(0.002));
  CHECK(summary.phase_tenants[7].at("interference_p99").reason == "tenant b offers 3 times its solo load");
}

TEST_CASE("without such phases the reason is given") {
  auto r = result();
  CHECK(at(summarize(RunResult{}).run, "stp").reason == "no phase is called 'shared' in which several tenants run");
  r.cells.emplace(std::vector<std::string>{"shared"}, std::vector<std::string>{"all"},
                  std::vector<std::string>{"a", "b"});
  r.phase_windows = {{"shared", 10}};
  fill(r.cells->at(0, 0, 0), 30, 5);
  fill(r.cells->at(0, 0, 1), 30, 5);
  CHECK(at(summarize(r).run, "antt").reason == "there is no phase solo:a");
}
