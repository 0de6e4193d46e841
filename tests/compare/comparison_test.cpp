#include "compare/comparison.hpp"
#include "compare/two_stage.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include <algorithm>

#include "base/error.hpp"
#include "made_results.hpp"

namespace host::compare {
namespace {

using Json = nlohmann::ordered_json;

const MetricResult& metric(const ComparedConfig& config, std::string_view name, std::string_view scope = "total") {
  const auto it = std::ranges::find_if(
      config.metrics, [&](const MetricResult& m) { return m.metric.name == name && m.metric.scope == scope; });
  REQUIRE(it != config.metrics.end());
  return *it;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

ComparedConfig only_config(const ResultSet& results, const CompareOptions& options = {}) {
  auto comparison = compare(results, options);
  REQUIRE(comparison.configs.size() == 1);
  return comparison.configs[0];
}

}  // namespace

TEST_CASE("lower latency at the same throughput is better; the other way round it is worse") {
  ResultSet results;
  add(results, {.side = "sage", .latency_p99 = 10}, 5);
  add(results, {.side = "ray", .latency_p99 = 20}, 5);
  const auto config = only_config(results);
  CHECK(config.verdict == Verdict::worse);
  CHECK(config.reason.empty());
  CHECK(config.sides[0].side == "sage");
  const auto& latency = metric(config, "latency_p99");
  CHECK(latency.verdict == Verdict::worse);
  CHECK(latency.metric.unit == "ms");
  REQUIRE(latency.interval);
  CHECK(latency.interval->ratio == doctest::Approx(2));
  CHECK(latency.delta == 1);
  CHECK(latency.ranks->p_value == doctest::Approx(2.0 / 252));  // the farthest of 10 over 5 orders, on both ends
  CHECK(metric(config, "throughput").verdict == Verdict::same);
  CHECK(metric(config, "success_rate").verdict == Verdict::same);
  CHECK(metric(config, "success_rate").interval->low == 1);

  const auto other = only_config(results, {.baseline = "ray"});
  CHECK(other.sides[0].side == "ray");
  CHECK(other.verdict == Verdict::better);
  CHECK(metric(other, "latency_p99").interval->ratio == doctest::Approx(0.5));
}

TEST_CASE("the margin decides what is the same") {
  ResultSet results;
  add(results, {.side = "sage", .throughput = 100}, 5);
  add(results, {.side = "ray", .throughput = 108}, 5);
  CHECK(metric(only_config(results, {.margin = 0.02}), "throughput").verdict == Verdict::better);
  CHECK(metric(only_config(results, {.margin = 0.15}), "throughput").verdict == Verdict::same);
  const auto config = only_config(results, {.margin = 0.08});
  CHECK(metric(config, "throughput").verdict == Verdict::inconclusive);
  CHECK(contains(metric(config, "throughput").reason, "crosses the margin of 8 %"));
  CHECK(config.verdict == Verdict::inconclusive);
  CHECK(contains(config.reason, "throughput: the interval"));
}

TEST_CASE("fewer than three repetitions are inconclusive and say so") {
  ResultSet results;
  add(results, {.side = "sage"}, 5);
  add(results, {.side = "ray"}, 2);
  const auto config = only_config(results);
  CHECK(config.verdict == Verdict::inconclusive);
  CHECK(contains(config.reason, "2 repetitions with ray, an interval needs 3"));
  CHECK_FALSE(metric(config, "throughput").interval);
}

TEST_CASE("runs that may not be used make the verdict invalid, and their values never enter") {
  for (const auto* status : {"invalid", "failed", "interrupted"}) {
    ResultSet results;
    add(results, {.side = "sage"}, 4);
    add(results, {.side = "ray"}, 3);
    add(results, {.side = "ray",
                  .throughput = 4000,
                  .metadata = {{"status", status}, {"reasons", {"the load generator was late"}}}});
    const auto config = only_config(results);
    CHECK(config.verdict == Verdict::invalid);
    CHECK(contains(config.reason, "ray: 1 of 4 runs"));
    CHECK(contains(config.reason, "the load generator was late"));
    CHECK(metric(config, "throughput").candidate_values.size() == 3);
    CHECK(metric(config, "throughput").verdict == Verdict::invalid);
    CHECK(config.sides[1].problems.size() == 1);
  }
}

TEST_CASE("an invalid candidate does not touch the verdict of another") {
  ResultSet results;
  add(results, {.side = "sage"}, 5);
  add(results, {.side = "ray", .latency_p99 = 20}, 5);
  add(results, {.side = "dask", .metadata = {{"status", "failed"}}}, 5);
  const auto config = only_config(results);
  CHECK(config.verdict == Verdict::invalid);
  CHECK(verdict_of(config, "ray").verdict == Verdict::worse);
  CHECK(verdict_of(config, "dask").verdict == Verdict::invalid);
}

TEST_CASE("where no run of either side may be used, the verdict is invalid and says why") {
  ResultSet results;
  for (const auto* side : {"sage", "ray"})
    add(results, {.side = side, .metadata = {{"status", "invalid"}, {"reasons", {"the load generator was late"}}}}, 3);
  const auto config = only_config(results);
  CHECK(config.metrics.empty());
  CHECK(config.verdict == Verdict::invalid);
  CHECK(config.reason == "sage: 3 of 3 runs are invalid: the load generator was late");
}

TEST_CASE("outputs are compared by their digests") {
  const auto run = [](const char* digest, int count) {
    return Json{{"status", "ok"}, {"digest", digest}, {"digested", count}};
  };
  ResultSet equal;
  add(equal, {.side = "sage", .metadata = run("d1", 100)}, 3);
  add(equal, {.side = "ray", .metadata = run("d1", 100)}, 3);
  CHECK(only_config(equal).output_equal == true);
  ResultSet differ;
  add(differ, {.side = "sage", .metadata = run("d1", 100)}, 3);
  add(differ, {.side = "ray", .metadata = run("d2", 100)}, 3);
  const auto config = only_config(differ);
  CHECK(config.output_equal == false);
  CHECK(config.verdict == Verdict::invalid);
  CHECK(contains(config.reason, "outputs of sage and ray differ"));
  ResultSet other_count;  // fewer requests ended ok: the digests cannot agree, and say nothing
  add(other_count, {.side = "sage", .metadata = run("d1", 100)}, 3);
  add(other_count, {.side = "ray", .metadata = run("d2", 99)}, 3);
  CHECK_FALSE(only_config(other_count).output_equal);
  CHECK(only_config(other_count).verdict == Verdict::same);
}

TEST_CASE("simulated time is not set against real time") {
  ResultSet results;
  add(results, {.side = "mock", .metadata = {{"status", "ok"}, {"clock", "virtual"}}}, 3);
  add(results, {.side = "threads", .metadata = {{"status", "ok"}, {"clock", "monotonic"}}}, 3);
  const auto config = only_config(results);
  CHECK(config.verdict == Verdict::invalid);
  CHECK(contains(config.reason, "simulated time"));
}

TEST_CASE("noise is said, not punished") {
  ResultSet results;
  add(results, {.side = "sage"}, 3);
  const Json noisy = {{"status", "ok"}, {"noise", {{"noisy", true}, {"reasons", {"steal time 12 %"}}}}};
  add(results, {.side = "ray", .metadata = noisy}, 2);
  add(results, {.side = "ray"}, 1);
  const auto config = only_config(results);
  CHECK(config.verdict == Verdict::same);
  REQUIRE(config.sides[1].problems.size() == 1);
  CHECK(config.sides[1].problems[0] == "2 of 3 runs were taken on a noisy machine: steal time 12 %");
}

TEST_CASE("a side that its driver limited keeps its verdict, which names it") {
  const Json limited = {{"status", "ok"},
                        {"harness_share", {{"limited_by_driver", true}, {"limit", "its thread used 97 %"}}}};
  const auto judged = [&](const char* name, const Json& sage, const Json& ray) {
    ResultSet results;
    add(results, {.side = "sage", .metadata = sage}, 3);
    if (ray != nullptr) add(results, {.side = "ray", .metadata = ray}, 3);
    CAPTURE(name);
    return only_config(results);
  };
  const Json free = {{"status", "ok"}, {"harness_share", {{"limited_by_driver", false}, {"limit", nullptr}}}};
  const auto remark = std::string("3 of 3 runs were limited by their driver: its thread used 97 %");

  const auto candidate = judged("candidate", free, limited);
  CHECK(candidate.verdict == Verdict::same);
  CHECK(candidate.reason == "ray: " + remark);
  CHECK(candidate.sides[0].problems.empty());
  CHECK(candidate.sides[1].problems == std::vector{remark});
  CHECK(judged("baseline", limited, free).reason == "sage: " + remark);
  CHECK(judged("both", limited, limited).reason == "sage: " + remark + "; ray: " + remark);
  CHECK(judged("neither", free, free).reason.empty());
  CHECK(contains(judged("alone", limited, nullptr).reason, "only sage has it; " + remark));
  const Json search = {{"status", "ok"}, {"search", {{"limited_by_driver", true}}}};
  CHECK(judged("search", free, search).reason == "ray: 3 of 3 runs were limited by their driver");
}

TEST_CASE("repetitions of one paired run are compared by pairs") {
  // Each block is slower than the one before; candidates are 10 % above in each, and were read in another order.
  const auto build = [](const char* run_of_ray) {
    ResultSet results;
    for (const int64_t r : {1, 2, 3, 4, 5})
      add(results, {.side = "sage",
                    .throughput = 100.0 / static_cast<double>(r),
                    .metadata = {{"status", "ok"}, {"pair", {{"run_id", "p1"}, {"block", r}, {"repetition", r}}}}});
    for (const int64_t r : {5, 4, 3, 2, 1})
      add(results,
          {.side = "ray",
           .throughput = 110.0 / static_cast<double>(r),
           .metadata = {{"status", "ok"}, {"pair", {{"run_id", run_of_ray}, {"block", r}, {"repetition", r}}}}});
    return results;
  };
  const auto same_run = build("p1");
  const auto paired = only_config(same_run);
  CHECK(metric(paired, "throughput").paired);
  CHECK(metric(paired, "throughput").verdict == Verdict::better);
  CHECK(metric(paired, "throughput").interval->low == doctest::Approx(1.1));
  CHECK(metric(paired, "throughput").interval->high == doctest::Approx(1.1));
  const auto other_run = build("p2");
  const auto independent = only_config(other_run);
  CHECK_FALSE(metric(independent, "throughput").paired);
  CHECK(metric(independent, "throughput").verdict == Verdict::inconclusive);
}

TEST_CASE("the metric that decided how often to repeat has the interval of its two stages, others their own") {
  ResultSet results;
  const std::vector<double> ratios = {1.02, 0.98, 1.03, 1.30, 0.80, 1.25, 0.85};  // the first three tell the spread
  for (int64_t r = 1; r <= 7; ++r)
    for (const std::string side : {"sage", "ray"}) {
      const double factor = side == "ray" ? ratios[static_cast<size_t>(r) - 1] : 1;
      add(results, {.side = side,
                    .throughput = 100 * factor,
                    .latency_p99 = 10 * factor,
                    .metadata = {{"status", "ok"},
                                 {"pair", {{"run_id", "e1"}, {"block", r}, {"repetition", r}}},
                                 {"experiment",
                                  {{"until", {{"scope", "total"}, {"metric", "latency_p99"}, {"first_stage", 3}}}}}}});
    }
  const auto config = only_config(results);
  std::vector<double> logs;
  for (const double ratio : ratios) logs.push_back(std::log(ratio));
  const auto wanted = two_stage_interval(logs, 3, {});
  REQUIRE(wanted);
  CHECK(metric(config, "latency_p99").interval->low == doctest::Approx(wanted->low));
  CHECK(metric(config, "latency_p99").interval->high == doctest::Approx(wanted->high));
  CHECK(metric(config, "throughput").interval->high > wanted->high * 1.05);
}

TEST_CASE("a pair whose one run has no value is left out") {
  ResultSet results;
  for (const auto* side : {"sage", "ray"})
    for (const int64_t r : {1, 2, 3, 4})
      add(results, {.side = side,
                    .throughput = 10.0 * static_cast<double>(r),
                    .metadata = {{"status", "ok"}, {"pair", {{"run_id", "p1"}, {"repetition", r}}}}});
  results.records[2].throughput.reset();
  const auto config = only_config(results);
  CHECK(metric(config, "throughput").baseline_values == std::vector<double>{10, 20, 40});
  CHECK(metric(config, "throughput").candidate_values == std::vector<double>{10, 20, 40});
  CHECK(metric(config, "throughput").verdict == Verdict::same);
}

TEST_CASE("values that are missing are left out, counted and explained") {
  ResultSet results;
  const Json reason = {
      {"status", "ok"},
      {"metrics",
       {{"total", {{"latency_p99", nullptr}, {"reasons", {{"latency_p99", "needs 1000 samples, has 300"}}}}}}}};
  add(results, {.side = "sage", .metadata = reason}, 3);
  add(results, {.side = "ray"}, 3);
  for (size_t i = 0; i < 3; ++i) results.records[i].latency_p99.reset();
  const auto config = only_config(results);
  const auto& latency = metric(config, "latency_p99");
  CHECK(latency.verdict == Verdict::inconclusive);
  CHECK(latency.reason == "not measured with sage; 3 runs without a value: needs 1000 samples, has 300");
}

TEST_CASE("nothing against something has no ratio, and is a verdict all the same") {
  const auto judged = [](std::vector<double> sage, std::vector<double> ray) {
    ResultSet results;
    for (const auto rate : sage) add(results, {.side = "sage", .success_rate = rate});
    for (const auto rate : ray) add(results, {.side = "ray", .success_rate = rate});
    return metric(only_config(results), "success_rate");
  };
  const auto worse = judged({1, 1, 1}, {0, 0, 0});
  CHECK(worse.verdict == Verdict::worse);
  CHECK(worse.reason == "every run of ray has 0");
  CHECK_FALSE(worse.interval);
  CHECK(worse.delta == -1);
  CHECK(judged({0, 0, 0}, {1, 1, 1}).verdict == Verdict::better);
  CHECK(judged({0, 0, 0}, {0, 0, 0}).verdict == Verdict::same);
  CHECK(judged({1, 1, 1}, {0, 0, 0.5}).verdict == Verdict::worse);
  const auto mixed = judged({1, 0.5, 0}, {0.2, 0.7, 0});
  CHECK(mixed.verdict == Verdict::inconclusive);
  CHECK(contains(mixed.reason, "no ratio"));
}

TEST_CASE("runs of different set-ups are no repetitions of one another") {
  const auto of = [](double service_ms, const char* library, const char* host) {
    return nlohmann::ordered_json{{"status", "ok"},
                                  {"backend_config", {{"service_ms", service_ms}}},
                                  {"environment",
                                   {{"host_version", "1"},
                                    {"backend", {{"library_sha256", library}}},
                                    {"system", {{"hostname", host}, {"cpu_model", "X"}, {"cores", 2}}}}}};
  };
  const auto compared = [&](auto... candidates) {
    static ResultSet results;
    results = {};
    for (int i = 0; i < 3; ++i) add(results, {.side = "sage", .metadata = of(1, "aa", "here")});
    (add(results, {.side = "ray", .metadata = candidates}), ...);
    return compare(results, {});
  };
  const auto alike = compared(of(3, "bb", "here"), of(3, "bb", "here"), of(3, "bb", "here"));
  CHECK(alike.configs[0].verdict == Verdict::same);
  CHECK(alike.mismatches.empty());
  const auto options = compared(of(3, "bb", "here"), of(30, "bb", "here"), of(60, "bb", "here"));
  CHECK(options.configs[0].verdict == Verdict::invalid);
  CHECK(contains(options.configs[0].reason, "ray: its runs differ in backend option service_ms (3.0, 30.0, 60.0)"));
  CHECK(options.mismatches.at(0).field == "backend option service_ms");
  const auto library = compared(of(3, "bb", "here"), of(3, "cc", "here"), of(3, "bb", "here"));
  CHECK(contains(library.configs[0].reason, "the backend's library (bb, cc)"));
  const auto machine = compared(of(3, "bb", "there"), of(3, "bb", "there"), of(3, "bb", "there"));
  CHECK(machine.configs[0].verdict == Verdict::same);
  CHECK(machine.mismatches.at(0).field == "machine");
}

TEST_CASE("metrics of classes, events, the run and a search are compared where records have them") {
  const auto metadata = [](double factor) {
    return Json{
        {"status", "ok"},
        {"search", {{"capacity", 400 * factor}}},
        {"metrics",
         {{"total", {{"goodput", 30 * factor}, {"ttft_p50", nullptr}}},
          {"classes", Json::array({{{"class", "chat"}, {"slo_attainment", 0.9}, {"latency_p99", 50 / factor}}})},
          {"disturbances", Json::array({{{"kind", "fault"}, {"target", "kill-worker"}, {"mttr", 2 / factor}}})},
          {"run", {{"availability", 0.999}, {"p99_drift", -1}}}}}};
  };
  ResultSet results;
  add(results, {.side = "sage", .metadata = metadata(1)}, 3);
  add(results, {.side = "ray", .metadata = metadata(2)}, 3);
  const auto config = only_config(results);
  for (const auto& [name, scope] : {std::pair{"capacity", "total"},
                                    {"goodput", "total"},
                                    {"latency_p99", "class:chat"},
                                    {"mttr", "event:kill-worker"}})
    CHECK(metric(config, name, scope).verdict == Verdict::better);
  CHECK(metric(config, "availability").verdict == Verdict::same);
  CHECK(metric(config, "slo_attainment", "class:chat").metric.unit == "0..1");
  for (const auto& m : config.metrics) CHECK((m.metric.name != "ttft_p50" && m.metric.name != "p99_drift"));
}

TEST_CASE("configurations that do not match are never compared") {
  ResultSet results;
  add(results, {.side = "sage", .config_hash = "aaaa"}, 3);
  add(results, {.side = "ray", .config_hash = "bbbb"}, 3);
  const auto comparison = compare(results, {});
  REQUIRE(comparison.configs.size() == 2);
  for (const auto& config : comparison.configs) {
    CHECK(config.sides.size() == 1);
    CHECK(config.metrics.empty());
    CHECK(config.verdict == Verdict::inconclusive);
    CHECK(contains(config.reason, "only"));
  }
  REQUIRE(comparison.mismatches.size() == 1);
  CHECK(comparison.mismatches[0].field == "config_hash");
  CHECK(comparison.mismatches[0].run_id.empty());
  CHECK(comparison.mismatches[0].values.at("ray") == "bbbb");
}

TEST_CASE("runs of one id are matched by it, as the Python package has them") {
  ResultSet results;
  add(results, {.side = "sage"});
  add(results, {.side = "ray"});
  add(results, {.side = "sage"});
  add(results, {.side = "ray"});
  for (const size_t i : {0U, 1U}) results.records[i].run_id = "first";
  for (const size_t i : {2U, 3U}) results.records[i].run_id = "second";
  results.records[3].seed = 7;
  results.records[3].nodes.reset();
  const auto comparison = compare(results, {});
  REQUIRE(comparison.mismatches.size() == 2);
  CHECK(comparison.mismatches[0].run_id == "second");
  CHECK(comparison.mismatches[0].field == "seed");
  CHECK(comparison.mismatches[0].values.at("sage") == "42");
  CHECK(comparison.mismatches[1].values.at("ray") == "not given");
}

TEST_CASE("a baseline that is not there is refused with those that are") {
  ResultSet results;
  add(results, {.side = "sage"});
  add(results, {.side = "ray"});
  CHECK_THROWS_WITH_AS((void)compare(results, {.baseline = "dask"}),
                       "--baseline dask: no results of it; there are sage, ray", base::Error);
}

}  // namespace host::compare
