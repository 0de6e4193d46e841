#include "report/artefacts.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <sstream>

#include "base/utf8.hpp"
#include "compare/made_results.hpp"
#include "compare/result_file.hpp"
#include "compare/scratch_folder.hpp"
#include "report/artefact_texts.hpp"
#include "report/gnuplot.hpp"

namespace host::report {
namespace {

std::string read_bytes(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// Width and height of a PNG, from its header; 0 if it is none.
std::pair<uint32_t, uint32_t> png_size(const std::filesystem::path& file) {
  const auto bytes = read_bytes(file);
  if (bytes.size() < 24 || !bytes.starts_with("\x89PNG\r\n\x1a\n")) return {0, 0};
  const auto at = [&](size_t i) {
    uint32_t value = 0;
    for (size_t k = 0; k < 4; ++k) value = value << 8 | static_cast<unsigned char>(bytes[i + k]);
    return value;
  };
  return {at(16), at(20)};
}

// Everything that means something to gnuplot, Markdown, CSV or a shell.
constexpr auto hostile = "a'b\"c\\d{e}f@g`touch pwned`h$(touch pwned)_i^j|k,l<b>\n%s";

compare::ResultSet hostile_results() {
  compare::ResultSet results;
  compare::add(results, {.side = hostile, .workload = hostile}, 3);
  compare::add(results, {.side = "ray", .workload = hostile}, 3);
  compare::add(results, {.side = "ray", .workload = "Q2"}, 3);
  results.problems.push_back({"some/file.jsonl", 7, "no JSON: | x"});
  return results;
}

}  // namespace

TEST_CASE("all files are written, and names cannot break them") {
  const compare::ScratchFolder scratch;
  const auto results = hostile_results();
  const auto comparison = compare::compare(results, {});
  CHECK(write_comparison(comparison, results, scratch.path()).empty());
  for (const auto* name : {"throughput_comparison.png", "latency_p95_p99_comparison.png"}) {
    const auto [width, height] = png_size(scratch.path() / name);
    CHECK(width >= 900);
    CHECK(height >= 600);
  }
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch.path())) {
    CHECK(entry.path().filename() != "pwned");
    ++files;
  }
  CHECK(files == 5);
  const auto summary = read_bytes(scratch.path() / "summary.md");
  CHECK(contains(summary, "some/file.jsonl:7: no JSON: \\| x"));
  CHECK(summary.find("## Verdict") < summary.find("## Per backend"));
  CHECK_FALSE(contains(summary, "<b>"));
}

TEST_CASE("comparison.csv is read back by a reader of RFC 4180") {
  const auto results = hostile_results();
  const auto csv = comparison_csv(compare::compare(results, {}));
  // The reader asks for a column called backend.
  std::string with_backend = "backend," + csv;
  for (size_t at = with_backend.find("\r\n"); at + 2 < with_backend.size(); at = with_backend.find("\r\n", at + 4))
    with_backend.insert(at + 2, "x,");
  std::istringstream rows(with_backend);
  const auto found = compare::read_csv(rows, "comparison.csv");
  CHECK(found.problems.empty());
  REQUIRE(found.records.size() >= 3);
  const auto& first = found.records[0].columns;
  CHECK(first["workload"] == base::shown_text(hostile));
  CHECK(first["baseline"] == base::shown_text(hostile));
  CHECK(first["metric"] == "throughput");
  CHECK(first["n_candidate"] == "3");
  CHECK(first["ratio"] == "1");
  CHECK(first["verdict"] == "same");
}

TEST_CASE("what a spreadsheet would compute is text") {
  compare::ResultSet results;
  for (const auto* side : {"sage", "=HYPERLINK(1)"}) compare::add(results, {.side = side, .workload = "+Q1"}, 3);
  const auto csv = comparison_csv(compare::compare(results, {}));
  CHECK(contains(csv, "\r\n'+Q1,"));
  CHECK(contains(csv, ",sage,'=HYPERLINK(1),"));
}

TEST_CASE("no values give pictures that say so; a great many configurations fit") {
  const compare::ScratchFolder scratch;
  compare::ResultSet failed;
  compare::add(failed, {.metadata = {{"status", "failed"}}}, 3);
  CHECK(write_comparison(compare::compare(failed, {}), failed, scratch.path()).empty());
  CHECK(png_size(scratch.path() / "throughput_comparison.png").first == 900);
  CHECK(contains(throughput_plot(compare::compare(failed, {})), "nothing was measured"));
  compare::ResultSet many;
  for (int i = 0; i < 200; ++i)
    for (const auto* side : {"sage", "ray"})
      compare::add(many, {.side = side, .workload = "Q1", .config_hash = fmt::format("{:064x}", i)}, 3);
  CHECK(write_comparison(compare::compare(many, {}), many, scratch.path()).empty());
  CHECK(png_size(scratch.path() / "throughput_comparison.png").first == 8000);
}

TEST_CASE("without gnuplot the reason is returned, and no older picture is left") {
  const compare::ScratchFolder scratch;
  const auto results = hostile_results();
  const auto picture = scratch.write("throughput_comparison.png", "old");
  const std::string path = std::getenv("PATH");
  setenv("PATH", scratch.path().c_str(), 1);
  const auto reason = write_comparison(compare::compare(results, {}), results, scratch.path());
  setenv("PATH", path.c_str(), 1);
  CHECK(contains(reason, "apt-get install gnuplot-nox"));
  CHECK_FALSE(std::filesystem::exists(picture));
  CHECK(std::filesystem::exists(scratch.path() / "summary.md"));
}

TEST_CASE("what gnuplot says is passed on") {
  const compare::ScratchFolder scratch;
  CHECK(contains(run_gnuplot("no_such_command\n", scratch.path() / "x.png"), "gnuplot failed: "));
  CHECK_FALSE(std::filesystem::exists(scratch.path() / "x.png"));
}

TEST_CASE("the JSON has every metric with its values and verdict") {
  const auto results = hostile_results();
  const auto json = to_json(compare::compare(results, {}));
  CHECK(json["configs"][0]["verdict"] == "same");
  CHECK(json["configs"][0]["metrics"][0]["baseline_values"].size() == 3);
  CHECK(json["configs"][0]["candidates"][0]["candidate"] == "ray");
  CHECK(json["configs"][1]["verdict"] == "inconclusive");
  CHECK(json["problems"][0]["line"] == 7);
}

}  // namespace host::report
