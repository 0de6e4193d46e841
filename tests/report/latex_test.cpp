#include "report/latex/latex.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.hpp"
#include "compare/made_results.hpp"
#include "compare/scratch_folder.hpp"
#include "records/hlog.hpp"
#include "report/latex/tex.hpp"
#include "report/metric_rows.hpp"

namespace host::report {
namespace {

// Everything that means something to TeX, a shell or a file system, an accent, another script, a broken byte.
constexpr auto hostile =
    "\\input{/etc/passwd}\\write18{touch pwned}$x^2_i$&#%{}~``''--\"<|>[a]\n\t../\xc3\xa9\xe4\xb8\xad\xff";

const std::string& text_of(const std::vector<TexFile>& files, std::string_view name) {
  const auto found = std::ranges::find(files, name, &TexFile::name);
  REQUIRE_MESSAGE(found != files.end(), name);
  return found->text;
}

bool has(const std::vector<TexFile>& files, std::string_view name) {
  return std::ranges::find(files, name, &TexFile::name) != files.end();
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// pdflatex's exit code; what it said lies in main.log.
int compile(const std::filesystem::path& folder) {
  return std::system(("cd '" + folder.string() +
                      "' && timeout 60 pdflatex -interaction=nonstopmode -halt-on-error -no-shell-escape main.tex "
                      ">/dev/null 2>&1 </dev/null")
                         .c_str());
}

std::string interval_line(double begin, bool warmup, const char* p99) {
  return fmt::format(R"({{"type":"interval","begin_s":{},"end_s":{},"phase":"run","warmup":{},"outcomes":{{"ok":50}},)"
                     R"("latency_p99":{}}})",
                     begin, begin + 2, warmup, p99) +
         "\n";
}

}  // namespace

TEST_CASE("text prints as it is") {
  CHECK(tex_text("plain text_1") == "plain text\\_1");
  CHECK(tex_text("100% & $5 #1 {x}") == "100\\% \\& \\$5 \\#1 \\{x\\}");
  CHECK(tex_text("a\\b~c^d") == "a\\textbackslash{}b\\~{}c\\^{}d");
  CHECK(tex_text("--`'?") == "-{}-{}`{}'{}?{}");
  CHECK(tex_text("[x]<y>|\"") == "{[}x{]}\\textless{}y\\textgreater{}\\textbar{}\\texttt{\\char34}");
  CHECK(tex_text("a\nb\tc\x7f") == "a b c ");
  CHECK(tex_text("caf\xc3\xa9 \xe4\xb8\xad") == "caf\xc3\xa9 {[}U+4E2D{]}");
  CHECK(tex_text("\xc3\xb0") == "{[}U+00F0{]}");  // eth: not in OT1
  CHECK(tex_text("\xff\xc3") == "{[}U+FFFD{]}{[}U+FFFD{]}");
  CHECK(tex_text("\xed\xa0\x80") == "{[}U+FFFD{]}{[}U+FFFD{]}{[}U+FFFD{]}");  // half of a surrogate pair
  CHECK(tex_text(std::string(80, 'x')) == std::string(80, 'x'));
  CHECK(tex_text(std::string(81, 'x')) == std::string(80, 'x') + "\\dots{}");
}

TEST_CASE("numbers have four significant digits") {
  CHECK(tex_number(0) == "0");
  CHECK(tex_number(40.2149) == "40.21");
  CHECK(tex_number(1234.4) == "1234");
  CHECK(tex_number(123456.7) == "123457");
  CHECK(tex_number(0.0123456) == "0.01235");
  CHECK(tex_number(-1.5) == "$-1.500$");
  CHECK(tex_number(12345678) == "$1.235\\times10^{7}$");
  CHECK(tex_number(0.00012) == "$1.200\\times10^{-4}$");
}

TEST_CASE("names of files are safe") {
  CHECK(tex_slug("Q6 Burst/Town") == "q6-burst-town");
  CHECK(tex_slug("../../etc") == "etc");
  CHECK(tex_slug("\xe4\xb8\xad") == "x");
  CHECK(tex_slug(std::string(500, 'A')).size() == 40);
}

TEST_CASE("a table states runs, medians, intervals, verdict and hash") {
  compare::ResultSet results;
  compare::add(results, {.side = "sage", .throughput = 40}, 5);
  compare::add(results, {.side = "ray", .throughput = 20}, 5);
  const auto comparison = compare::compare(results, {});
  const auto files = latex_files(comparison);
  const auto& table = text_of(files, "01-q1-aaaaaaaaaaaa.tex");
  CHECK(contains(table, "sage (n = 5), ray (n = 5)"));
  CHECK(contains(table, "config aaaaaaaaaaaa"));
  CHECK(contains(table, "95\\,\\% confidence interval; margin 5\\,\\%"));
  CHECK(contains(table, "throughput (1/s) & 40.00 [39.20, 40.80] & 20.00 [19.60, 20.40] & 0.5000 ["));
  CHECK(contains(table, "& worse \\\\"));
  CHECK(contains(table, "Verdict: worse."));
  CHECK(contains(text_of(files, "main.tex"), "\\input{\\sagedir/01-q1-aaaaaaaaaaaa.tex}"));
}

TEST_CASE("runs that may not be used are counted, and their values left out") {
  compare::ResultSet results;
  compare::add(results, {.side = "sage"}, 3);
  compare::add(results, {.side = "ray", .throughput = 20}, 2);
  compare::add(results, {.side = "ray", .throughput = 7777, .metadata = {{"status", "invalid"}}}, 1);
  const auto comparison = compare::compare(results, {});
  const auto table = text_of(latex_files(comparison), "01-q1-aaaaaaaaaaaa.tex");
  CHECK(contains(table, "ray (n = 2 of 3 runs)"));
  CHECK_FALSE(contains(table, "7777"));
  CHECK(contains(table, "Verdict: invalid."));
}

TEST_CASE("a side that its driver limited is named below the table") {
  compare::ResultSet results;
  compare::add(results, {.side = "sage"}, 3);
  compare::add(results,
               {.side = "ray", .metadata = {{"status", "ok"}, {"harness_share", {{"limited_by_driver", true}}}}}, 3);
  const auto table = text_of(latex_files(compare::compare(results, {})), "01-q1-aaaaaaaaaaaa.tex");
  CHECK(contains(table, "ray: 3 of 3 runs were limited by their driver"));
}

TEST_CASE("a value that was not measured is a dash, and the reason stands below") {
  compare::ResultSet results;
  const nlohmann::ordered_json metadata = {{"metrics",
                                            {{"total",
                                              {{"ttft_p50", nullptr},
                                               {"latency_p95", nullptr},
                                               {"reasons", {{"ttft_p50", "no request reported a first token"}}}}}}}};
  compare::add(results, {.metadata = metadata}, 1);
  results.records[0].latency_p99.reset();
  const auto table = text_of(latex_files(compare::compare(results, {})), "01-q1-aaaaaaaaaaaa.tex");
  CHECK(contains(table, "ttft p50: no request reported a first token (sage)"));
  CHECK_FALSE(contains(table, "\nttft"));
  CHECK_FALSE(contains(table, "confidence"));  // one side is compared with nothing
}

TEST_CASE("curves hold the quantiles and the progress of the runs' folders") {
  const compare::ScratchFolder scratch;
  std::vector<records::HlogEntry> entries(1);
  for (int i = 1; i <= 1000; ++i) entries[0].histogram.record(i * 1'000'000);
  scratch.write("run/latency.hlog", records::hlog_text(entries, "test"));
  scratch.write("run/records.jsonl", interval_line(-2, true, "9") + interval_line(0, false, "3.5") +
                                         interval_line(2, false, "null") + interval_line(4, false, "4") +
                                         R"({"type":"event","id":1,"kind":"fault","due_s":2.5})"
                                         "\n");
  compare::ResultSet results;
  compare::add(results, {}, 1);
  results.records[0].folder = scratch.path() / "run";
  const auto files = latex_files(compare::compare(results, {}));
  const auto& curve = text_of(files, "01-q1-aaaaaaaaaaaa-latency-1.dat");
  const auto p50 = fmt::format("\n1.99526 0.49881277 {:.6g}\n",
                               static_cast<double>(entries[0].histogram.quantile(1 - 1 / std::pow(10, 0.3))) / 1e6);
  CHECK(contains(curve, p50));
  // p99 of 1000 has 10 above it, and is the last
  CHECK(curve.substr(curve.rfind('\n', curve.size() - 2) + 1).starts_with("100 0.99 "));
  CHECK(text_of(files, "01-q1-aaaaaaaaaaaa-progress-1.dat") == "s throughput ms\n2 25 3.5\n4 25 nan\n6 25 4\n");
  const auto& progress = text_of(files, "01-q1-aaaaaaaaaaaa-progress.tex");
  CHECK(contains(progress, "axis cs:2.5,0"));
  CHECK(contains(progress, "latency p99"));
  write_latex(compare::compare(results, {}), scratch.path() / "tex");
  CHECK(compile(scratch.path() / "tex") == 0);
}

TEST_CASE("a curve of however many requests has an end") {
  const compare::ScratchFolder scratch;
  std::vector<records::HlogEntry> entries(1);
  entries[0].histogram.record(1'000'000, 1'000'000'000'000'000);
  scratch.write("run/latency.hlog", records::hlog_text(entries, "test"));
  compare::ResultSet results;
  compare::add(results, {}, 1);
  results.records[0].folder = scratch.path() / "run";
  const auto files = latex_files(compare::compare(results, {}));
  const auto& curve = text_of(files, "01-q1-aaaaaaaaaaaa-latency-1.dat");
  CHECK(curve.substr(curve.rfind('\n', curve.size() - 2) + 1).starts_with("1e+12 "));
}

TEST_CASE("the frontier of a search is drawn once") {
  const compare::ScratchFolder scratch;
  scratch.write("run/frontier.json",
                R"({"attainment":0.9,"points":[{"nodes":1,"capacity":400},{"nodes":2,"capacity":700},)"
                R"({"nodes":4,"capacity":null}]})");
  compare::ResultSet results;
  for (const int nodes : {1, 2, 4}) {
    compare::add(results, {.workload = "Q4", .metadata = {{"search", {{"capacity", 400}}}}});
    results.records.back().nodes = nodes;
    results.records.back().folder = scratch.path() / "run";
  }
  const auto comparison = compare::compare(results, {});
  REQUIRE(comparison.configs.size() == 3);
  const auto files = latex_files(comparison);
  CHECK(text_of(files, "frontier-01-q4-1.dat") == "nodes rate\n1 400\n2 700\n");
  CHECK(contains(text_of(files, "frontier-01-q4.tex"), "90\\,\\% of the requests"));
  CHECK_FALSE(has(files, "frontier-02-q4.tex"));
  write_latex(comparison, scratch.path() / "tex");
  CHECK(compile(scratch.path() / "tex") == 0);
}

TEST_CASE("names cannot break the document, nor act") {
  const compare::ScratchFolder scratch;
  compare::ResultSet results;
  compare::add(results, {.side = hostile, .workload = hostile, .config_hash = hostile}, 3);
  compare::add(results,
               {.side = "ray",
                .workload = hostile,
                .config_hash = hostile,
                .metadata = {{"status", "failed"}, {"reasons", {hostile}}}},
               3);
  compare::add(results, {.side = "ray", .workload = hostile, .config_hash = "b"}, 3);
  const nlohmann::ordered_json classes = {
      {"metrics", {{"classes", {{{"class", hostile}, {"throughput", 1.5}}, {{"class", "[x]"}, {"throughput", 2}}}}}}};
  compare::add(results, {.side = "sage", .workload = "Q2", .metadata = classes}, 3);
  results.problems.push_back({hostile, 7, hostile});
  write_latex(compare::compare(results, {}), scratch.path());
  CHECK(compile(scratch.path()) == 0);
  CHECK(std::filesystem::file_size(scratch.path() / "main.pdf") > 10'000);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch.path()))
    CHECK(entry.path().filename() != "pwned");
}

TEST_CASE("hundreds of configurations and rows, several candidates, and none at all compile") {
  const compare::ScratchFolder scratch;
  compare::ResultSet results;
  for (int i = 0; i < 100; ++i)
    for (const auto* side : {"sage", "ray"})
      compare::add(results, {.side = side, .config_hash = fmt::format("c{}", i)});
  nlohmann::ordered_json classes = nlohmann::ordered_json::array();
  for (int i = 0; i < 150; ++i) classes.push_back({{"class", fmt::format("class {}", i)}, {"throughput", 1.5}});
  for (const auto* side : {"sage", "ray", "dask", "threads", "mock"})
    compare::add(results, {.side = side, .workload = "Q2", .metadata = {{"metrics", {{"classes", classes}}}}}, 3);
  write_latex(compare::compare(results, {}), scratch.path());
  CHECK(compile(scratch.path()) == 0);
  write_latex({}, scratch.path() / "empty");
  CHECK(compile(scratch.path() / "empty") == 0);
}

TEST_CASE("a folder that cannot be made is one error") {
  const compare::ScratchFolder scratch;
  scratch.write("file", "");
  CHECK_THROWS_WITH_AS(write_latex({}, scratch.path() / "file" / "x"), doctest::Contains("--latex"), base::Error);
}

}  // namespace host::report
