// Figures of experiments, drawn: the page and LaTeX.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "compare/scratch_folder.hpp"
#include "made_experiment.hpp"
#include "records/hlog.hpp"
#include "report/figures/figures.hpp"
#include "report/html/html.hpp"
#include "report/latex/latex.hpp"

namespace host::report {
namespace {

using Json = nlohmann::ordered_json;

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

size_t count(std::string_view text, std::string_view part) {
  size_t n = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

std::string page_of(const compare::ResultSet& results) { return html_report(compare::compare(results, {}), results); }

Json data_of(const std::string& page) {
  const std::string_view open = R"(<script type="application/json" id="data">)";
  const auto begin = page.find(open) + open.size();
  return Json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

// Every kind of figure: rates by nodes by pipelines, tenants with logs, points that are hollow, crossed and absent.
compare::ResultSet everything(const compare::ScratchFolder& scratch, const std::string& name = "unified") {
  std::vector<records::HlogEntry> entries(1);
  for (int i = 1; i <= 2000; ++i) entries[0].histogram.record(int64_t{1'000'000} * i);
  records::HlogEntry tenant{.tag = records::hlog_tag("tenant", name), .begin_s = 0, .seconds = 1, .histogram = {}};
  tenant.histogram.merge(entries[0].histogram);
  entries.push_back(std::move(tenant));
  scratch.write("run/latency.hlog", records::hlog_text(entries, "test"));
  compare::ResultSet results;
  size_t index = 0;
  for (const int nodes : {1, 2, 4})
    for (const int pipelines : {1, 2})
      for (const double rate : {10.0, 30.0, 90.0, 270.0}) {
        for (size_t side = 0; side < 2; ++side) {
          MadeCell cell{.side = side == 0 ? name : "separated",
                        .side_index = side,
                        .point = {{"rate", rate},
                                  {"nodes", nodes},
                                  {"pipelines", pipelines},
                                  {name, index % 2 == 0 ? name : "b"}},
                        .point_index = index,
                        .throughput = rate * nodes * (side == 0 ? 1 : 0.5),
                        .latency = 5 + rate / nodes,
                        .metrics = {{"tenants", {{{"tenant", name}}, {{"tenant", "batch"}}}}}};
          if (rate > 200) cell.metadata = {{"status", nodes == 4 ? "failed" : "invalid"}};
          if (rate > 80 && nodes == 2) cell.metadata["harness_share"] = {{"limited_by_driver", true}};
          repeat(results, cell, 3);
        }
        ++index;
      }
  for (auto& record : results.records) record.folder = scratch.path() / "run";
  return results;
}

int compile(const std::filesystem::path& folder) {
  return std::system(("cd '" + folder.string() +
                      "' && timeout 120 pdflatex -interaction=nonstopmode -halt-on-error -no-shell-escape main.tex "
                      ">/dev/null 2>&1 </dev/null")
                         .c_str());
}

}  // namespace

TEST_CASE("the page draws the figures: what is hollow apart from the lines, with bars, notes and a map") {
  const compare::ScratchFolder scratch;
  const auto results = everything(scratch);
  const auto page = page_of(results);
  const auto data = data_of(page);
  CHECK(has(page, "<a href=\"#figures\">Figures</a>"));
  CHECK(has(page, "<h2 id=\"figures\">Figures: One pool or two</h2>"));
  const auto& load = data["figure1-1"];
  CHECK(load["x"]["title"] == "throughput (1/s)");
  CHECK(load["near"] == "xy");
  const auto& series = load["series"];
  const auto look = [&](const char* which) {
    return std::ranges::count_if(series, [&](const Json& each) { return each.contains(which); });
  };
  CHECK(look("hollow") > 0);
  CHECK(look("ring") > 0);
  CHECK(look("crossed") > 0);
  for (const auto& each : series) {
    if (each.contains("hollow")) CHECK(each["apart"] == true);
    if (!each.contains("bars")) continue;
    CHECK(each["bars"].size() == each["points"].size());
    CHECK(each["notes"].size() == each["points"].size());
  }
  // The line of a side breaks where a point is hollow.
  CHECK(series[0]["points"].back()[1].is_null());
  CHECK(has(page, "class=\"n h4\""));
  CHECK(has(page, "class=\"n h0\""));
  CHECK(has(page, "In parentheses: "));
}

TEST_CASE("every link of a page about many points leads somewhere, and what is left out is said") {
  compare::ResultSet results;
  for (size_t i = 0; i < 400; ++i) add(results, {.point = {{"rate", i + 1}}, .point_index = i});
  const auto page = page_of(results);
  CHECK(count(page, "<section class=\"config\"") == most_detailed);
  CHECK(has(page, "The first 12 of 400 points of the experiment follow in detail"));
  CHECK(has(page, "The first 300 of 400 rows; all: 400 inconclusive."));
  const auto document = page.substr(0, page.find("<script"));
  const std::string_view open = "href=\"#";
  for (auto at = document.find(open); at != std::string::npos; at = document.find(open, at)) {
    at += open.size();
    const auto id = document.substr(at, document.find('"', at) - at);
    CHECK_MESSAGE(has(document, fmt::format("id=\"{}\"", id)), id);
  }
}

TEST_CASE("five thousand cells are a page of less than 20 MB, and figures of all of their points") {
  compare::ResultSet results;
  auto total = Json::object();
  for (const auto* name : {"goodput", "slo_attainment", "latency_p50", "latency_p95", "ttft_p99", "fairness"})
    total[name] = 0.5;
  size_t index = 0;
  for (int nodes = 1; nodes <= 25; ++nodes)
    for (int rate = 1; rate <= 20; ++rate, ++index)
      for (size_t side = 0; side < 2; ++side)
        repeat(results,
               {.side = side == 0 ? "unified" : "separated",
                .side_index = side,
                .point = {{"rate", rate * 10}, {"nodes", nodes}},
                .point_index = index,
                .throughput = static_cast<double>(rate * nodes + (side == 0 ? 0 : 1)),
                .metrics = {{"total", total}}},
               5);
  REQUIRE(results.records.size() == 5000);
  const auto page = page_of(results);
  CHECK(page.size() < 20'000'000);
  CHECK(page.size() > 300'000);
  const auto data = data_of(page);
  size_t scattered = 0;
  for (const auto& [id, spec] : data.items())
    for (const auto& series : spec["series"])
      if (series.contains("apart") && !series.contains("ring")) scattered += series["points"].size();
  CHECK(scattered == 1000);  // the frontier's figure: every side at every point
}

TEST_CASE("LaTeX has a file for each figure, and compiles them all, whatever names hold") {
  constexpr auto hostile = "\\input{/etc/passwd}$x^2_i$&#%{}~``''--\"<|>[a], = \xc3\xa9\xe4\xb8\xad\xff";
  const compare::ScratchFolder scratch;
  const auto results = everything(scratch, hostile);
  const auto comparison = compare::compare(results, {});
  const auto files = latex_files(comparison);
  std::set<std::string> kinds;
  const auto experiments = experiment_figures(comparison);
  for (const auto& figure : experiments[0].figures) {
    const auto file = std::ranges::find(files, "experiment-01-" + figure.id + ".tex", &TexFile::name);
    REQUIRE_MESSAGE(file != files.end(), figure.id);
    CHECK_MESSAGE(has(file->text, "caption{"), figure.id);
    kinds.insert(figure.id.substr(0, figure.id.find('-')));
  }
  CHECK(kinds == std::set<std::string>{"axis", "heat", "isolation", "jobs", "load", "pareto", "scaling", "sides"});
  write_latex(comparison, scratch.path() / "tex");
  CHECK(compile(scratch.path() / "tex") == 0);
  CHECK(std::filesystem::file_size(scratch.path() / "tex" / "main.pdf") > 50'000);
}

TEST_CASE("LaTeX draws hollow points without a line, with bars, and marks of the driver and the knee") {
  const compare::ScratchFolder scratch;
  const auto results = everything(scratch);
  const auto files = latex_files(compare::compare(results, {}));
  const auto text_of = [&](std::string_view name) {
    const auto file = std::ranges::find(files, name, &TexFile::name);
    REQUIRE_MESSAGE(file != files.end(), name);
    return file->text;
  };
  const auto figure = text_of("experiment-01-load-1-latency-p99.tex");
  CHECK(has(figure, "only marks,mark=o,forget plot,error bars/.cd,y dir=both,y explicit] table[x=x,y=hollow"));
  CHECK(has(figure, "table[x=x,y=ringed]"));
  CHECK(has(figure, "black,only marks,mark=x,mark size=4pt,forget plot] table[x=x,y=crossed]"));
  CHECK(has(figure, "Kleinrock 1979"));
  const auto data = text_of("experiment-01-load-1-latency-p99-1.dat");
  CHECK(data.starts_with("x plus minus y "));
  CHECK(has(data, " nan"));
  // Two figures a page: TeX's memory does not hold all of them until a page comes.
  const auto main = text_of("main.tex");
  const auto last = main.rfind("\\input{\\sagedir/experiment-");
  const auto figures = count(main, "\\input{\\sagedir/experiment-");
  CHECK(figures > 10);
  CHECK(count(main.substr(0, last), "\\clearpage") >= figures / 2);
  CHECK(has(text_of("experiment-01-heat-throughput-1.tex"), "\\cellcolor{sageA!"));
}

}  // namespace host::report
