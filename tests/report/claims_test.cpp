#include <doctest/doctest.h>

#include "base/canonical_json.hpp"
#include "base/hash.hpp"
#include "compare/made_results.hpp"
#include "report/latex/parts.hpp"

namespace host::report {
namespace {

constexpr auto stem = "01-q1-aaaaaaaaaaaa";

// The value of a key in claims.tex, as LaTeX.
std::string value_of(const std::string& tex, const std::string& key) {
  const auto before = fmt::format("\\sageset{{{}}}{{", key);
  const auto at = tex.find(before);
  REQUIRE_MESSAGE(at != std::string::npos, key);
  const auto begin = at + before.size();
  return tex.substr(begin, tex.find("}\n", begin) - begin);
}

std::string claims_of(const compare::ResultSet& results) { return tex_claims(compare::compare(results, {})).file.text; }

std::string throughput(const compare::ResultSet& results, const std::string& name = "says") {
  return value_of(claims_of(results), fmt::format("{}/ray-vs-sage/throughput/{}", stem, name));
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

compare::ResultSet two_sides(double candidate, size_t n, const nlohmann::ordered_json& metadata = nullptr) {
  compare::ResultSet results;
  compare::add(results, {.side = "sage", .throughput = 40}, n);
  compare::add(results, {.side = "ray", .throughput = candidate, .metadata = metadata}, n);
  return results;
}

}  // namespace

TEST_CASE("a difference is claimed with ratio, interval, repetitions and hashes") {
  const auto results = two_sides(20, 5);
  const auto comparison = compare::compare(results, {});
  const auto* found = compare::find_result(comparison.configs[0], "ray", "total", "throughput");
  REQUIRE((found != nullptr && found->interval));
  const auto says = throughput(results);
  CHECK(says ==
        fmt::format("Throughput of ray is 0.5000 times that of sage, which is worse by more than 5\\,\\% (ratio "
                    "0.5000, 95\\,\\% interval [{:.4f}, {:.4f}]; medians 20.00/s and 40.00/s, n = 5 each).",
                    found->interval->low, found->interval->high));
  CHECK(throughput(results, "carries") == "claim");
  CHECK(throughput(results, "ratio") == "0.5000");
  CHECK(throughput(results, "verdict") == "worse");
  CHECK(throughput(results, "n") == "5 each");
  std::string hashes;
  for (const auto* side : {"ray", "sage"})
    for (const auto& record : results.records)
      if (record.side == side) hashes += base::sha256_hex(base::canonical_json(nlohmann::json(record.columns)));
  CHECK(value_of(claims_of(results), fmt::format("{}/ray-vs-sage/source", stem)) ==
        fmt::format("config aaaaaaaaaaaa, records {}", base::short_hash(base::sha256_hex(hashes))));
}

TEST_CASE("what the data does not carry is no claim") {
  const auto no_claim = [](const compare::ResultSet& results, const std::string& part) {
    const auto says = throughput(results);
    CAPTURE(says);
    CHECK(contains(says, part));
    CHECK_FALSE(contains(says, "times that of"));
    CHECK(throughput(results, "carries") == "none");
  };
  no_claim(two_sides(20, 2),
           "No claim about throughput of ray against sage: 2 repetitions with sage,{} an interval needs 3 "
           "(medians 20.00/s and 40.00/s, n = 2 each)");
  no_claim(two_sides(41.5, 5),
           "Whether throughput of ray and of sage differs by more than 5\\,\\% is not known (ratio ");
  no_claim(two_sides(20, 3, {{"status", "invalid"}, {"reasons", {"the load generator was late"}}}),
           "No claim about throughput: ray and sage cannot be compared (ray: 3 of 3 runs are invalid: the load "
           "generator was "
           "late)");
  CHECK(contains(throughput(two_sides(40, 5)), "Throughput of ray is that of sage within 5\\,\\% (ratio "));
}

TEST_CASE("limits stand before what they limit") {
  const auto limited = [](const compare::ResultSet& results, const std::string& limit) {
    const auto says = throughput(results);
    CAPTURE(says);
    CHECK(says.starts_with(limit + ": throughput of ray is 0.5000 times that of sage"));
    CHECK(throughput(results, "carries") == "limited");
  };
  auto virtual_time = two_sides(20, 5, {{"clock", "virtual"}});
  for (auto& record : virtual_time.records) record.columns["metadata"]["clock"] = "virtual";
  limited(virtual_time, "In simulated time, which shows a model and no system");
  limited(two_sides(20, 5, {{"harness_share", {{"limited_by_driver", true}}}}),
          "With ray limited by its driver, so that this is not what its runtime can do");
  auto versions = two_sides(20, 5);
  for (auto& record : versions.records)
    record.columns["metadata"] = {{"environment", {{"host_version", record.side == "ray" ? "2" : "1"}}}};
  limited(versions, "With another host version on either side, which may be what differs");
}

TEST_CASE("a side is stated with its median, its range and the number of its runs") {
  const auto tex = claims_of(two_sides(20, 5));
  CHECK(value_of(tex, fmt::format("{}/sage/throughput/says", stem)) ==
        "Throughput of sage has the median 40.00/s over n = 5 runs, from 39.20 to 40.80.");
  CHECK(value_of(tex, fmt::format("{}/sage/throughput/median", stem)) == "40.00");
  const auto one = claims_of(two_sides(20, 1));
  CHECK(value_of(one, fmt::format("{}/ray/throughput/says", stem)) ==
        "Throughput of ray was 20.00/s in one run, which tells nothing of how it varies.");
  CHECK(value_of(one, fmt::format("{}/ray/throughput/carries", stem)) == "none");
}

TEST_CASE("a paragraph says under what it holds, and which runs were left out") {
  auto results = two_sides(20, 3);
  compare::add(results, {.side = "sage", .throughput = 7777, .metadata = {{"status", "failed"}}}, 1);
  for (auto& record : results.records) {
    record.columns["metadata"]["experiment"] = {{"point_name", "rate = 20, nodes = 1"}, {"seeds", "per-block"}};
    if (!record.columns["metadata"].contains("status")) record.columns["metadata"]["status"] = "ok";
  }
  const auto says = value_of(claims_of(results), fmt::format("{}/says", stem));
  CHECK(says.starts_with("Q1, rate = 20,{} nodes = 1, a seed for each repetition. "));
  CHECK(contains(says, " No claim about throughput: ray and sage cannot be compared ("));
  CHECK(contains(says, "Of sage, 1 of 4 runs failed."));
  CHECK_FALSE(contains(claims_of(results), "7777"));
}

TEST_CASE("a paragraph has the metrics that decide, and their limits once") {
  auto results = two_sides(20, 5);
  for (auto& record : results.records) record.columns["metadata"]["clock"] = "virtual";
  const auto says = value_of(claims_of(results), fmt::format("{}/says", stem));
  const std::string_view limits = " What follows holds in simulated time, which shows a model and no system. ";
  const auto at = says.find(limits);
  REQUIRE(at != std::string::npos);
  CHECK(says.find("simulated", at + limits.size()) == std::string::npos);
  for (const auto* part : {" Throughput of ray is 0.5000 times", " Success rate of ray is ", " Latency p99 of ray is "})
    CHECK(contains(says, part));
}

TEST_CASE("sides of one slug are kept apart, and thousands of configurations have an end") {
  compare::ResultSet results;
  for (const auto* side : {"a b", "a-b"}) compare::add(results, {.side = side}, 3);
  const auto tex = claims_of(results);
  CHECK(contains(tex, fmt::format("\\sageset{{{}/a-b-2-vs-a-b/throughput/says}}", stem)));
  compare::ResultSet many;
  for (int i = 0; i < 2000; ++i)
    for (const auto* side : {"sage", "ray"}) compare::add(many, {.side = side, .config_hash = fmt::format("c{}", i)});
  const auto comparison = compare::compare(many, {});
  const auto claims = tex_claims(comparison);
  CHECK(claims.file.text.size() < 2'100'000);
  CHECK(claims.paragraphs.size() == 2000);
  CHECK(claims.paragraphs.back().empty());
  CHECK(contains(claims.file.text, " configurations are left out"));
}

}  // namespace host::report
