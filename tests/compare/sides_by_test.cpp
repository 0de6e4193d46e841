#include "compare/sides_by.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "compare/comparison.hpp"
#include "compare/gate.hpp"
#include "made_results.hpp"
#include "scratch_folder.hpp"

namespace host::compare {
namespace {

using Json = nlohmann::ordered_json;
using Keys = std::vector<std::string>;

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// What a run tells of itself, as our records do.
struct Run {
  std::string scheduler = "default";
  double rate = 20;
  std::string baseline = "unified";
  double service_ms = 3;
  int64_t seed = 42;
  std::string backend = "mock";
  std::string revision = "53bd6c3";
  std::string hostname = "vm";
};

Json metadata_of(const Run& run) {
  return {{"status", "ok"},
          {"scheduler", run.scheduler},
          {"clock", "virtual"},
          {"label", "a " + run.scheduler},
          {"config",
           {{"workload", "q2"},
            {"scheduler", run.scheduler},
            {"quick", true},
            {"load", {{"arrival", "poisson"}, {"rate", run.rate}}},
            {"options", {{"baseline", run.baseline}, {"zipf", 1.0}}}}},
          {"backend_config", {{"service_ms", run.service_ms}}},
          {"environment",
           {{"host_version", "0.1.0"},
            {"versions", {{"python", run.backend == "mock" ? "3.11" : "3.12"}}},
            {"system", {{"hostname", run.hostname}, {"git_revision", run.revision}}}}}};
}

void add_runs(ResultSet& results, const Run& run, size_t n = 3, double throughput = 40) {
  for (size_t i = 0; i < n; ++i) {
    add(results, {.throughput = throughput * (1 + 0.01 * static_cast<double>(i)),
                  .workload = "Q2",
                  .config_hash = fmt::format("hash of {} {} {}", run.scheduler, run.rate, run.baseline),
                  .metadata = metadata_of(run)});
    auto& record = results.records.back();
    record.backend = record.side = run.backend;
    record.seed = run.seed + static_cast<int64_t>(run.seed < 0 ? i : 0);
  }
}

Comparison compared(ResultSet& results, const Keys& keys, const CompareOptions& options = {}) {
  set_sides(results, keys);
  return compare(results, options);
}

std::string error_of(ResultSet results, const Keys& keys) {
  try {
    set_sides(results, keys);
  } catch (const base::Error& e) {
    CHECK(e.code() == base::Exit::usage);
    return e.what();
  }
  return "";
}

std::vector<std::string> sides_of(const ComparedConfig& config) {
  std::vector<std::string> out;
  for (const auto& side : config.sides) out.push_back(side.side);
  return out;
}

// The record of a cell, as the command `experiment` writes it.
Json cell(const std::string& side, int side_index, double rate, int point_index, int repetition) {
  auto out = metadata_of({.scheduler = side, .rate = rate});
  out["pair"] = {{"run_id", "experiment-1"}, {"block", repetition}, {"repetition", repetition}, {"position", 1}};
  out["experiment"] = {{"id", "experiment-1"},       {"side", side},
                       {"side_index", side_index},   {"point", {{"rate", rate}}},
                       {"point_index", point_index}, {"point_name", fmt::format("rate = {}", rate)}};
  return out;
}

}  // namespace

TEST_CASE("sides that differ in a key alone are compared, also where their hashes differ for it") {
  ResultSet results;
  add_runs(results, {.scheduler = "default"}, 3, 40);
  add_runs(results, {.scheduler = "fifo"}, 3, 80);
  const auto comparison = compared(results, {"scheduler"});
  REQUIRE(comparison.configs.size() == 1);
  const auto& config = comparison.configs[0];
  CHECK(sides_of(config) == Keys{"default", "fifo"});
  CHECK(config.verdict == Verdict::better);
  CHECK(config.label == "all");
  CHECK(config.config_hash.empty());
  CHECK(config.nodes == 1);
  CHECK(comparison.mismatches.empty());
}

TEST_CASE("each point at which all sides ran is a configuration of its own, by name") {
  ResultSet results;
  for (const auto rate : {20.0, 40.0})
    for (const auto* scheduler : {"default", "fifo"}) add_runs(results, {.scheduler = scheduler, .rate = rate});
  const auto comparison = compared(results, {"scheduler"});
  REQUIRE(comparison.configs.size() == 2);
  CHECK(comparison.configs[0].label == "rate = 20");
  CHECK(comparison.configs[1].label == "rate = 40");
  CHECK(config_name(comparison.configs[1]) == "rate = 40");
  for (const auto& config : comparison.configs) {
    CHECK(sides_of(config) == Keys{"default", "fifo"});
    CHECK(config.verdict == Verdict::same);
  }
  CHECK(comparison.mismatches.empty());
  const auto gate = judge_gate(comparison, parse_gate("throughput>=0.9"), false);
  CHECK(gate.lines.at(1).where == "Q2 rate = 40 fifo/default");
}

TEST_CASE("what sides differ in beyond the keys is named and makes the verdict invalid") {
  const auto one_difference = [](const Run& other, std::string_view field, std::string_view values) {
    ResultSet results;
    add_runs(results, {});
    add_runs(results, other);
    const auto comparison = compared(results, {"scheduler"});
    REQUIRE(comparison.configs.size() == 1);
    REQUIRE(comparison.mismatches.size() == 1);
    CHECK(comparison.mismatches[0].field == field);
    CHECK(values_text(comparison.mismatches[0]) == values);
    CHECK(comparison.configs[0].verdict == Verdict::invalid);
    CHECK(contains(comparison.configs[0].reason, fmt::format("they differ in {}: {}", field, values)));
  };
  one_difference({.scheduler = "fifo", .rate = 40}, "rate", "20 against 40");
  one_difference({.scheduler = "fifo", .baseline = "separated"}, "q2.baseline", "unified against separated");
  one_difference({.scheduler = "fifo", .service_ms = 3.3}, "mock.service_ms", "3 against 3.3");
  one_difference({.scheduler = "fifo", .seed = 43}, "seed", "42 against 43");
  one_difference({.scheduler = "fifo", .revision = "e78f2bb"}, "host version",
                 "0.1.0 (53bd6c3) against 0.1.0 (e78f2bb)");
  one_difference({.scheduler = "fifo", .hostname = "other"}, "machine", "vm (, 0 cores) against other (, 0 cores)");
}

TEST_CASE("a side without a partner at a point is invalid with the name of the nearest") {
  ResultSet results;
  for (const auto rate : {20.0, 40.0, 80.0}) add_runs(results, {.scheduler = "fifo", .rate = rate});
  add_runs(results, {.scheduler = "default", .rate = 20});
  const auto comparison = compared(results, {"scheduler"});
  REQUIRE(comparison.configs.size() == 3);
  CHECK(comparison.configs[0].verdict == Verdict::same);
  for (const auto* rate : {"40", "80"}) {
    const auto& alone = comparison.configs[*rate == '4' ? 1 : 2];
    CHECK(alone.verdict == Verdict::invalid);
    CHECK(alone.label == fmt::format("rate = {}", rate));
    CHECK(alone.reason == fmt::format("only fifo has it; the nearest differs in rate: {} against 20", rate));
  }
  CHECK(comparison.mismatches.size() == 2);
}

TEST_CASE("one side alone is no mismatch") {
  ResultSet results;
  add_runs(results, {.scheduler = "fifo", .rate = 20});
  add_runs(results, {.scheduler = "fifo", .rate = 40});
  const auto comparison = compared(results, {"scheduler"});
  REQUIRE(comparison.configs.size() == 2);
  CHECK(comparison.configs[0].verdict == Verdict::inconclusive);
  CHECK(comparison.configs[0].reason == "only fifo has it");
  CHECK(comparison.mismatches.empty());
}

TEST_CASE("repetitions may differ in their seeds, if all sides have the same ones") {
  ResultSet results;
  add_runs(results, {.scheduler = "default", .seed = -3});  // -3, -2, -1
  add_runs(results, {.scheduler = "fifo", .seed = -3});
  const auto comparison = compared(results, {"scheduler"});
  REQUIRE(comparison.configs.size() == 1);
  CHECK(comparison.configs[0].verdict == Verdict::same);
  CHECK(comparison.configs[0].sides[1].repetitions.size() == 3);
  CHECK_FALSE(comparison.configs[0].seed);
}

TEST_CASE("keys are plain or qualified, one or several, and numbers are called by their key") {
  const auto sides = [](const Keys& keys) {
    ResultSet results;
    add_runs(results, {.rate = 20, .baseline = "unified", .service_ms = 3});
    add_runs(results, {.rate = 40, .baseline = "separated", .service_ms = 3.5});
    set_sides(results, keys);
    return Keys{results.records.front().side, results.records.back().side};
  };
  CHECK(sides({"rate"}) == Keys{"rate = 20", "rate = 40"});
  CHECK(sides({"baseline"}) == Keys{"unified", "separated"});
  CHECK(sides({"q2.baseline"}) == Keys{"unified", "separated"});
  CHECK(sides({"mock.service_ms"}) == Keys{"mock.service_ms = 3", "mock.service_ms = 3.5"});
  CHECK(sides({"q2.baseline", "rate"}) == Keys{"unified, rate = 20", "separated, rate = 40"});
  CHECK(sides({"label"}) == Keys{"a default", "a default"});  // a text of the record
}

TEST_CASE("backends as one of several keys bring their own options and versions") {
  ResultSet results;
  add_runs(results, {.scheduler = "default", .backend = "mock"});
  add_runs(results, {.scheduler = "fifo", .service_ms = 9, .backend = "threads"});
  const auto comparison = compared(results, {"backend", "scheduler"});
  REQUIRE(comparison.configs.size() == 1);
  CHECK(sides_of(comparison.configs[0]) == Keys{"mock, default", "threads, fifo"});
  CHECK(comparison.configs[0].verdict == Verdict::same);
}

TEST_CASE("a run that died before it told everything stays with its repetitions") {
  ResultSet results;
  add_runs(results, {.scheduler = "default"}, 3);
  auto died = metadata_of({.scheduler = "default"});
  died["status"] = "failed";
  died.erase("backend_config");
  died["environment"]["versions"] = Json::object();
  add(results, {.workload = "Q2", .metadata = died});
  results.records.back().backend = "mock";
  add_runs(results, {.scheduler = "fifo"}, 3);
  const auto comparison = compared(results, {"scheduler"});
  REQUIRE(comparison.configs.size() == 1);
  CHECK(comparison.configs[0].sides[0].repetitions.size() == 4);
  CHECK(comparison.configs[0].verdict == Verdict::invalid);
  CHECK(contains(comparison.configs[0].reason, "default: 1 of 4 runs failed"));
}

TEST_CASE("the load at which a search ended is what it found") {
  ResultSet results;
  for (const auto* scheduler : {"default", "fifo"})
    for (int i = 0; i < 3; ++i) {
      auto metadata = metadata_of({.scheduler = scheduler, .rate = *scheduler == 'f' ? 80.0 : 40.0});
      metadata["search"] = {{"capacity", *scheduler == 'f' ? 80.0 : 40.0}};
      add(results, {.workload = "Q4", .metadata = metadata});
    }
  const auto comparison = compared(results, {"scheduler"});
  REQUIRE(comparison.configs.size() == 1);
  CHECK(comparison.mismatches.empty());
  const auto* capacity = find_result(comparison.configs[0], "fifo", "total", "capacity");
  REQUIRE(capacity != nullptr);
  CHECK(capacity->interval->ratio == doctest::Approx(2));
}

TEST_CASE("outputs are set against each other where the same was asked") {
  const auto with = [](const char* baseline, const char* digest) {
    auto out = metadata_of({.baseline = baseline});
    out["digest"] = digest;
    out["digested"] = 100;
    return out;
  };
  const auto config_of = [&](const Json& a, const Json& b, const Keys& keys) {
    ResultSet results;
    for (const auto& metadata : {a, b})
      for (int i = 0; i < 3; ++i) add(results, {.workload = "Q2", .metadata = metadata});
    return compared(results, keys).configs.at(0);
  };
  CHECK_FALSE(config_of(with("unified", "d1"), with("separated", "d2"), {"baseline"}).output_equal);
  auto fifo = with("unified", "d2");
  fifo["scheduler"] = fifo["config"]["scheduler"] = "fifo";
  CHECK(config_of(with("unified", "d1"), fifo, {"scheduler"}).output_equal == false);
}

TEST_CASE("records of the Python package, whose hash covers what no record says") {
  const auto record = [](const char* scheduler, const char* hash, double throughput) {
    return Made{.throughput = throughput,
                .workload = "scheduler_comparison",
                .config_hash = hash,
                .metadata = {{"scheduler_name", scheduler}, {"sage_version", "0.2"}}};
  };
  ResultSet results;
  add(results, record("fifo", "aaaa", 37));
  add(results, record("default", "bbbb", 41));
  for (auto& each : results.records) each.backend = "sage";
  auto comparison = compared(results, {"scheduler"});
  REQUIRE(comparison.configs.size() == 1);
  CHECK(sides_of(comparison.configs[0]) == Keys{"fifo", "default"});
  CHECK(comparison.configs[0].verdict == Verdict::inconclusive);
  CHECK(contains(comparison.configs[0].reason, "1 repetition with fifo"));
  REQUIRE(comparison.mismatches.size() == 1);
  CHECK(comparison.mismatches[0].field == "config_hash");
  CHECK_FALSE(comparison.mismatches[0].forbids);

  // Two hashes of one scheduler are two configurations, and nobody knows which of them the other side ran.
  add(results, record("fifo", "cccc", 37));
  results.records.back().backend = "sage";
  CHECK(compared(results, {"scheduler"}).configs.at(0).verdict == Verdict::invalid);

  // Hashes that both sides have tell points apart.
  ResultSet points;
  for (const auto* hash : {"aaaa", "bbbb"})
    for (const auto* scheduler : {"fifo", "default"}) add(points, record(scheduler, hash, 40), 3);
  comparison = compared(points, {"scheduler"});
  REQUIRE(comparison.configs.size() == 2);
  CHECK(comparison.configs[0].label == "config_hash = aaaa");
  CHECK(comparison.configs[0].verdict == Verdict::same);

  // Versions are named.
  ResultSet versions;
  auto newer = record("default", "bbbb", 41);
  newer.metadata["sage_version"] = "0.3";
  add(versions, record("fifo", "aaaa", 37), 3);
  add(versions, newer, 3);
  comparison = compared(versions, {"scheduler"});
  CHECK(comparison.configs.at(0).verdict == Verdict::invalid);
  CHECK(contains(comparison.configs[0].reason, "sage_version: 0.2 against 0.3"));
}

TEST_CASE("the cells of an experiment are compared by side, each point by itself, in its order") {
  ResultSet results;
  for (int repetition = 1; repetition <= 3; ++repetition)
    for (const auto& [rate, point] : {std::pair{40.0, 1}, {20.0, 0}})
      for (const auto& [side, index] : {std::pair{"fifo", 1}, {"default", 0}})
        add(results, {.throughput = rate + repetition, .metadata = cell(side, index, rate, point, repetition)});
  const auto comparison = compared(results, {"side"});
  REQUIRE(comparison.configs.size() == 2);
  CHECK(comparison.configs[0].label == "rate = 20");
  CHECK(comparison.configs[1].label == "rate = 40");
  CHECK(comparison.mismatches.empty());  // a side may differ in anything
  for (const auto& config : comparison.configs) {
    CHECK(sides_of(config) == Keys{"default", "fifo"});
    CHECK(config.metrics.at(0).paired);
    CHECK(config.verdict == Verdict::same);
  }

  // Finished on another machine: told.
  results.records.back().columns["metadata"]["environment"]["system"]["hostname"] = "other";
  const auto moved = compared(results, {"side"});
  REQUIRE(moved.mismatches.size() == 1);
  CHECK(moved.mismatches[0].field == "machine");
  CHECK(where(moved.mismatches[0]) == "rate = 40");
}

TEST_CASE("wrong keys are one clear error") {
  ResultSet results;
  add_runs(results, {.rate = 20});
  add_runs(results, {.rate = 40});
  CHECK(contains(error_of(results, {"rat"}), "--by rat: no record has it (did you mean 'rate'?)"));
  CHECK(contains(error_of(results, {"baselin"}), "did you mean 'baseline'?"));
  CHECK(contains(error_of(results, {"colour"}), "they differ in rate; give"));
  CHECK(contains(error_of(results, {"side"}), "no cell of an experiment; name the folder of an experiment"));
  results.records[0].columns["metadata"]["backend_config"]["zipf"] = 2;
  CHECK(contains(error_of(results, {"zipf"}), "both mock.zipf and q2.zipf are called so; name one of them"));
  CHECK_THROWS_WITH_AS(parse_keys("scheduler,"), doctest::Contains("a key is empty"), base::Error);
  CHECK_THROWS_WITH_AS(parse_keys("rate,rate"), doctest::Contains("rate stands twice"), base::Error);
  CHECK_THROWS_WITH_AS(parse_keys("side,rate"), doctest::Contains("side stands alone"), base::Error);
  CHECK(parse_keys("scheduler, rate") == Keys{"scheduler", "rate"});
}

TEST_CASE("inputs and backends are sides as before") {
  const ScratchFolder scratch;
  scratch.write("a/unified_results.jsonl",
                R"({"backend": "sage", "workload": "Q1", "metadata": {"scheduler": "fifo"}})");
  const std::vector<std::filesystem::path> inputs = {scratch.path() / "a"};
  CHECK(read_sides(inputs, {}).records.at(0).side == "sage");
  CHECK(read_sides(inputs, Keys{"input"}).records.at(0).side == inputs[0].string());
  CHECK(read_sides(inputs, Keys{"backend"}).records.at(0).group.empty());
  CHECK(read_sides(inputs, Keys{"scheduler"}).records.at(0).side == "fifo");
  scratch.write("b/unified_results.jsonl",
                R"({"backend": "sage", "workload": "Q1", "run_id": "b", "metadata": {"experiment": {"side": "one"}}})");
  const std::vector<std::filesystem::path> cells = {scratch.path() / "b"};
  CHECK(read_sides(cells, {}).records.at(0).side == "one");
  CHECK(read_sides(cells, {}).records.at(0).label == "all");
  CHECK(read_sides(cells, Keys{"backend"}).records.at(0).side == "sage");
  CHECK(read_sides(std::vector{inputs[0], cells[0]}, {}).records.at(1).side == "sage");  // not all are cells
}

}  // namespace host::compare
