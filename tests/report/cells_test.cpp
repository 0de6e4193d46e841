#include "report/cells.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "compare/made_results.hpp"
#include "compare/scratch_folder.hpp"

namespace host::report {
namespace {

using Json = nlohmann::ordered_json;
using Texts = std::vector<std::string>;

Json cell(const char* side, Json point, int repetition) {
  return {{"status", "ok"},
          {"pair", {{"run_id", "x-1"}, {"block", repetition}, {"repetition", repetition}, {"position", 1}}},
          {"experiment", {{"id", "x-1"}, {"side", side}, {"point", std::move(point)}, {"point_name", "a point"}}}};
}

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream out;
  out << std::ifstream(file, std::ios::binary).rdbuf();
  return out.str();
}

std::string line_of(const std::string& text, std::string_view part) {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  const auto begin = text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\r', at) - begin);
}

}  // namespace

TEST_CASE("a row for each metric of each run, with a column for each axis") {
  const compare::ScratchFolder scratch;
  compare::ResultSet results;
  compare::add(results, {.side = "fifo", .throughput = 1.0 / 3, .metadata = cell("fifo", {{"rate", 20}}, 2)});
  compare::add(results, {.side = "fifo", .metadata = cell("fifo", {{"rate", 20}, {"q1.kind", "a,b"}}, 1)});
  CHECK(cell_columns(results) == Texts{"experiment", "workload", "backend", "side", "point", "rate", "q1.kind",
                                       "repetition", "seed", "run_id", "status", "scope", "metric", "value", "unit"});
  write_cells_csv(results, scratch.path() / "cells.csv");
  const auto text = text_of(scratch.path() / "cells.csv");
  CHECK(text.starts_with("experiment,workload,backend,side,point,rate,q1.kind,repetition,"));
  // all digits of what the record has
  CHECK(line_of(text, ",throughput,") ==
        "x-1,Q1,fifo,fifo,a point,20,,2,42,run-0,ok,total,throughput,0.3333333333333333,1/s");
  CHECK(line_of(text, ",latency_p95,") == "x-1,Q1,fifo,fifo,a point,20,,2,42,run-0,ok,total,latency_p95,,ms");
  CHECK(text.find("a point,20,\"a,b\",1,42,run-1,ok,total,throughput,40,1/s") != std::string::npos);
}

TEST_CASE("axes stand in the order of the experiment's file") {
  compare::ResultSet results;
  auto metadata = cell("fifo", {{"nodes", 1}, {"rate", 20}}, 1);
  metadata["experiment"]["axes"] = {"rate", "nodes"};
  compare::add(results, {.metadata = metadata});
  const auto columns = cell_columns(results);
  CHECK(Texts(columns.begin() + 5, columns.begin() + 7) == Texts{"rate", "nodes"});
  for_each_cell_row(results, [&](std::span<const TableValue> row) { CHECK(std::get<int64_t>(row[5]) == 20); });
}

TEST_CASE("results of no experiment have the side of the comparison, and are counted") {
  compare::ResultSet results;
  compare::add(results, {.side = "sage"}, 2);
  compare::add(results, {.side = "ray"});
  results.records[2].label = "rate = 20";
  Texts seen;
  for_each_cell_row(results, [&](std::span<const TableValue> row) {
    REQUIRE(row.size() == cell_columns(results).size());
    if (std::get<std::string>(row[10]) == "throughput")
      seen.push_back(fmt::format("{} {} {}", std::get<std::string>(row[3]), std::get<std::string>(row[4]),
                                 std::get<int64_t>(row[5])));
  });
  CHECK(seen == Texts{"sage aaaaaaaaaaaa 1", "sage aaaaaaaaaaaa 2", "ray rate = 20 1"});
}

TEST_CASE("names of axes are data, whatever they are") {
  const compare::ScratchFolder scratch;
  compare::ResultSet results;
  compare::add(results, {.metadata = cell("a", {{"seed", 7}, {"Seed", 8}, {"x\" INTEGER); --", 9}, {"=1", 2}}, 1)});
  const auto columns = cell_columns(results);
  CHECK(Texts(columns.begin() + 5, columns.begin() + 9) ==
        Texts{"axis_seed", "axis_axis_Seed", "x\" INTEGER); --", "=1"});
  write_cells(results, scratch.path());  // SQLite takes them
  CHECK(
      text_of(scratch.path() / "cells.csv").find(",axis_seed,axis_axis_Seed,\"x\"\" INTEGER); --\",'=1,repetition,") !=
      std::string::npos);
  CHECK(text_of(scratch.path() / "results.sqlite").starts_with("SQLite format 3"));
}

TEST_CASE("a folder that is not there is an error that names the file") {
  compare::ResultSet results;
  compare::add(results, {});
  CHECK_THROWS_WITH_AS(write_cells(results, "/nowhere/at/all"), doctest::Contains("/nowhere/at/all/cells.csv"),
                       base::Error);
}

}  // namespace host::report
