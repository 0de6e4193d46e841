// A metric that stands in the table and in a record is in every output. So a new one needs no more than its entry and
// its computation: this test reads the table.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <algorithm>

#include "compare/gate.hpp"
#include "compare/made_results.hpp"
#include "compare/scratch_folder.hpp"
#include "report/artefact_texts.hpp"
#include "report/html/html.hpp"
#include "report/latex/latex.hpp"
#include "report/markdown.hpp"
#include "report/metric_rows.hpp"
#include "report/sqlite.hpp"
#include "writers/summary_table.hpp"

namespace host::report {
namespace {

using Json = nlohmann::ordered_json;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

struct Named {
  const metrics::MetricDefinition* definition;
  const metrics::Statistic* statistic;
  std::string name;
  [[nodiscard]] bool headline() const { return metrics::is_headline(*definition, statistic); }
  [[nodiscard]] bool compared(metrics::Kinds kind) const { return metrics::is_compared(*definition, statistic, kind); }
};

std::vector<Named> every_metric() {
  std::vector<Named> out;
  for (auto& name : metrics::metric_names()) {
    const auto* definition = metrics::find_metric(name);
    out.push_back({definition, metrics::find_statistic(*definition, name), std::move(name)});
  }
  std::erase_if(out, [](const Named& metric) { return metric.name == "outcomes"; });  // numbers of its own
  return out;
}

// Three repetitions of two sides, each with every metric in every kind of scope.
compare::ResultSet every_result() {
  auto all = Json::object();
  for (const auto& metric : every_metric()) all[metric.name] = 0.75;
  const auto named = [&](const char* key, const char* name) {
    auto entry = all;
    entry[key] = name;
    return Json::array({entry});
  };
  const Json metadata = {{"metrics",
                          {{"total", all},
                           {"classes", named("class", "chat")},
                           {"disturbances", named("target", "kill-worker")},
                           {"stages", named("stage", "embed")}}}};
  compare::ResultSet results;
  for (const auto* side : {"sage", "ray"}) compare::add(results, {.side = side, .metadata = metadata}, 3);
  return results;
}

std::string scope_of(metrics::Kinds kind) {
  return kind == metrics::in_total ? "total" : kind == metrics::in_part ? "class:chat" : "event:kill-worker";
}

}  // namespace

TEST_CASE("SQLite and the page have every metric of the table") {
  const compare::ScratchFolder scratch;
  const auto results = every_result();
  const auto comparison = compare::compare(results, {});
  const auto page = html_report(comparison, results);
  const auto whole = page.substr(page.find("<caption>Whole run"));
  const auto table = whole.substr(0, whole.find("</table>"));
  write_sqlite(comparison, results, scratch.path() / "results.db");
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open_v2((scratch.path() / "results.db").c_str(), &database, SQLITE_OPEN_READONLY, nullptr) ==
          SQLITE_OK);
  std::vector<std::string> names;
  const auto add = [](void* out, int, char** values, char**) {
    static_cast<std::vector<std::string>*>(out)->emplace_back(values[0]);
    return 0;
  };
  CHECK(sqlite3_exec(database, "SELECT name FROM metrics WHERE run = 1 AND scope = 'total' AND value = 0.75", add,
                     &names, nullptr) == SQLITE_OK);
  sqlite3_close(database);
  for (const auto& metric : every_metric()) {
    CHECK_MESSAGE(std::ranges::find(names, metric.name) != names.end(), metric.name);
    CHECK_MESSAGE(contains(table, ">" + metric.name + "</a>"), metric.name);
  }
}

TEST_CASE("headline metrics are in LaTeX and Markdown, in total and in parts") {
  const auto results = every_result();
  const auto comparison = compare::compare(results, {});
  std::string latex;
  for (const auto& file : latex_files(comparison)) latex += file.text;
  const auto markdown = markdown_report(comparison);
  size_t headline = 0;
  for (const auto& metric : every_metric()) {
    if (!metric.headline()) continue;
    ++headline;
    const auto words = metric_text(metric.name);
    CHECK_MESSAGE(contains(latex, "{}" + words + " ("), metric.name);
    for (const auto kind : {metrics::in_total, metrics::in_part, metrics::in_event})
      CHECK_MESSAGE(contains(markdown, "| " + scope_of(kind) + " | " + words + " ("), metric.name);
  }
  CHECK(headline > 20);
}

TEST_CASE("metrics that are compared are in the CSV, the JSON and the summary, and a gate can name them") {
  const auto results = every_result();
  const auto comparison = compare::compare(results, {});
  const auto csv = comparison_csv(comparison);
  const auto json = to_json(comparison)["configs"][0]["metrics"];
  const auto summary = summary_md(comparison, results);
  size_t compared = 0;
  for (const auto& metric : every_metric())
    for (const auto kind : {metrics::in_total, metrics::in_part, metrics::in_event}) {
      const auto scope = scope_of(kind);
      const auto in_json =
          std::ranges::any_of(json, [&](const Json& m) { return m["metric"] == metric.name && m["scope"] == scope; });
      CHECK_MESSAGE(in_json == metric.compared(kind), scope << ' ' << metric.name);
      if (!metric.compared(kind)) continue;
      ++compared;
      CHECK_MESSAGE(contains(csv, "," + scope + "," + metric.name + ","), metric.name);
      CHECK_MESSAGE(contains(summary, "| " + scope + " | "), metric.name);
      const auto gate =
          compare::judge_gate(comparison, compare::parse_gate(scope + "/" + metric.name + "<=1.5"), false);
      REQUIRE(gate.lines.size() == 1);
      CHECK_MESSAGE(gate.lines[0].state == compare::GateState::met, metric.name);
    }
  CHECK(compared > 30);
}

TEST_CASE("what is only known to be less than can be resolved is shown as that") {
  compare::ResultSet results;
  const Json metadata = {
      {"metrics",
       {{"total", Json::object()},
        {"run",
         {{"mttr", nullptr}, {"reasons", {{"mttr", "below the resolution of 0.4 s"}}}, {"below", {{"mttr", 0.4}}}}}}}};
  for (const auto* side : {"sage", "ray"}) compare::add(results, {.side = side, .metadata = metadata}, 3);
  const auto comparison = compare::compare(results, {});
  CHECK(contains(html_report(comparison, results), "below the resolution of 0.4 s\">&lt; 0.4"));
  CHECK(contains(markdown_report(comparison), "mttr (s) | &lt; 0.4"));
  std::string latex;
  for (const auto& file : latex_files(comparison)) latex += file.text;
  CHECK(contains(latex, "$<$ 0.4"));
  records::RunResult result;
  result.over_time.push_back(metrics::below_resolution("availability", 0.4));
  CHECK(contains(writers::summary_table({}, result), "availability < 0.4"));
}

TEST_CASE("headline metrics of a run are on the terminal") {
  const auto before = writers::summary_table({}, {});
  records::RunResult result;
  for (const auto& metric : every_metric())
    if (metric.headline() && metric.definition->of == "run") {
      const auto label = metrics::label(*metric.definition);
      CHECK_MESSAGE(!contains(before, label + " 0.75"), label);
      result.over_time.push_back(metrics::measured(metric.name, 0.75));
    }
  auto after = writers::summary_table({}, result);
  std::ranges::replace(after, '\n', ' ');
  for (const auto& metric : result.over_time) {
    // Those that a summary computes itself come first, and have nothing to count here.
    if (contains(before, metric.name) || metric.name == "mttr" || metric.name == "fairness" ||
        metric.name == "load_balance" || metric.name == "heterogeneous_efficiency")
      continue;
    CHECK_MESSAGE(contains(after, metrics::label(*metrics::find_metric(metric.name)) + " 0.75"), metric.name);
  }
}

}  // namespace host::report
