#include "archive/checklist.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compare/scratch_folder.hpp"

namespace host::archive {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

Json good_record(const std::string& side, int point) {
  return {{"backend", "threads"},
          {"workload", "Q1"},
          {"config_hash", side},
          {"nodes", 1},
          {"metadata",
           {{"status", "ok"},
            {"clock", "monotonic"},
            {"ledger", {{"offered", 100}, {"balanced", true}}},
            {"lateness", {{"count", 100}, {"p99_us", 12.5}, {"budget_us", 1000}}},
            {"noise", {{"noisy", false}, {"steal_share", 0.001}, {"other_cpu_share", 0.02}}},
            {"output_parity", {{"checked", 50}, {"equal", 50}}},
            {"pair", {{"position", 1}, {"repetition", 1}, {"run_id", "e"}}},
            {"experiment", {{"side", side}, {"point", {{"rate", point}}}}}}}};
}

// Of an experiment: a cell each, in the order in which they are given.
class Cells {
 public:
  void add(const Json& record) {
    const auto name = "cells/" + std::to_string(runs_.size());
    scratch_.write(name + "/unified_results.jsonl", record.dump() + "\n");
    runs_.push_back(scratch_.path() / name);
  }
  void add(const std::string& side, int point, size_t n) {
    for (size_t i = 0; i < n; ++i) add(good_record(side, point));
  }
  [[nodiscard]] ChecklistLine line(std::string_view statement) const {
    const auto lines = checklist(runs_);
    const auto found = std::ranges::find(lines, statement, &ChecklistLine::statement);
    REQUIRE_MESSAGE(found != lines.end(), statement);
    return *found;
  }
  [[nodiscard]] bool has(std::string_view statement) const {
    return std::ranges::count(checklist(runs_), statement, &ChecklistLine::statement) > 0;
  }
  [[nodiscard]] const compare::ScratchFolder& scratch() const { return scratch_; }

 private:
  compare::ScratchFolder scratch_;
  std::vector<fs::path> runs_;
};

}  // namespace

TEST_CASE("one no makes it no, and says how many and why") {
  Cells cells;
  cells.add("a", 1, 2);
  auto noisy = good_record("a", 1);
  noisy["metadata"]["noise"] = {{"noisy", true}, {"reasons", {"steal 9 % of CPU time"}}};
  CHECK(cells.line("the machine was quiet").answer == Answer::yes);
  CHECK(cells.line("the machine was quiet").value == "steal 0.1 %, other processes 2 % of CPU time");
  auto silent = good_record("a", 1);
  silent["metadata"].erase("noise");
  cells.add(silent);
  CHECK(cells.line("the machine was quiet").answer == Answer::not_recorded);
  CHECK(cells.line("the machine was quiet").value == "1 of 3 runs");
  cells.add(noisy);
  CHECK(cells.line("the machine was quiet").answer == Answer::no);
  CHECK(cells.line("the machine was quiet").value == "1 of 4 runs: steal 9 % of CPU time");
  CHECK(cells.line("the machine was quiet").place == "unified_results.jsonl: metadata.noise");
}

TEST_CASE("bad runs are told from good ones") {
  struct Given {
    const char* statement;
    const char* good;
    const char* member;
    Json bad;
    const char* said;
  };
  for (const auto& [statement, good, member, bad, said] :
       {Given{"every run ended well", "ok", "status", "invalid", "invalid"},
        Given{"no request is lost or counted twice",
              "100 offered, each with one outcome",
              "ledger",
              {{"offered", 100}, {"balanced", false}},
              "100 offered, and the outcomes do not add up"},
        Given{"the load generator was in time",
              "p99 12.5 us, budget 1000 us",
              "lateness",
              {{"p99_us", 2000}, {"budget_us", 1000}},
              "p99 2000 us, budget 1000 us"},
        Given{"results were checked",
              "50 of 50 equal to a serial execution",
              "output_parity",
              {{"checked", 50}, {"equal", 49}},
              "49 of 50 equal to a serial execution"}}) {
    CAPTURE(statement);
    Cells cells;
    cells.add("a", 1, 1);
    CHECK(cells.line(statement).answer == Answer::yes);
    CHECK(cells.line(statement).value == good);
    auto record = good_record("a", 1);
    record["metadata"][member] = bad;
    cells.add(record);
    CHECK(cells.line(statement).answer == Answer::no);
    CHECK(cells.line(statement).value == std::string("1 of 2 runs: ") + said);
  }
}

TEST_CASE("repetitions are counted by side and point, those that ended well alone") {
  Cells cells;
  for (const auto* side : {"a", "b"})
    for (const int point : {1, 2}) cells.add(side, point, 3);
  CHECK(cells.line("each configuration was repeated").answer == Answer::yes);
  CHECK(cells.line("each configuration was repeated").value == "4 configurations of a side, n = 3");
  CHECK(cells.line("sides alternate").answer == Answer::yes);
  auto failed = good_record("b", 3);
  failed["metadata"]["status"] = "failed";
  failed["metadata"].erase("pair");
  cells.add(failed);
  CHECK(cells.line("each configuration was repeated").answer == Answer::no);
  CHECK(cells.line("each configuration was repeated").value ==
        "5 configurations of a side, n = 0 to 3; an interval needs 3");
  CHECK(cells.line("sides alternate").answer == Answer::not_recorded);
}

TEST_CASE("cells of a plan that failed or never ran are missing") {
  Cells cells;
  cells.add("a", 1, 1);
  CHECK_FALSE(cells.has("nothing that was planned is missing"));
  cells.scratch().write("state.json", R"({"cells": [{"state": "ok"}, {"state": "ok"}]})");
  CHECK(cells.line("nothing that was planned is missing").answer == Answer::yes);
  cells.scratch().write("state.json", R"({"cells": [{"state": "ok"}, {"state": "failed"}, {"state": "pending"}]})");
  const auto line = cells.line("nothing that was planned is missing");
  CHECK(line.answer == Answer::no);
  CHECK(line.value == "1 of 3 planned cells are ok, 1 failed, 1 pending");
  CHECK(line.topic == "quality");
}

TEST_CASE("topics stay together") {
  Cells cells;
  cells.add("a", 1, 1);
  cells.add("b", 1, 1);
  cells.scratch().write("state.json", R"({"cells": []})");
  const auto fs_runs = std::vector{cells.scratch().path() / "cells/0", cells.scratch().path() / "cells/1"};
  std::vector<std::string> topics;
  for (const auto& line : checklist(fs_runs))
    if (topics.empty() || topics.back() != line.topic) topics.push_back(line.topic);
  CHECK(topics == std::vector<std::string>{"run again", "set-up", "method", "quality", "data"});
}

}  // namespace host::archive
