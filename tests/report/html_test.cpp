#include "report/html/html.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/number_text.hpp"
#include "compare/made_results.hpp"
#include "compare/scratch_folder.hpp"
#include "metrics/definitions.hpp"
#include "records/hlog.hpp"
#include "report/escape.hpp"
#include "report/html/table.hpp"

namespace host::report {
namespace {

using Json = nlohmann::ordered_json;

std::string page_of(const compare::ResultSet& results) { return html_report(compare::compare(results, {}), results); }

bool has(const std::string& page, std::string_view text) { return page.find(text) != std::string::npos; }

size_t count(const std::string& page, std::string_view text) {
  size_t n = 0;
  for (auto at = page.find(text); at != std::string::npos; at = page.find(text, at + text.size())) ++n;
  return n;
}

// Without script and style: what a reader sees as a document.
std::string markup(const std::string& page) {
  auto out = page.substr(0, page.find("<script"));
  const std::string_view end = "</style>";
  for (auto at = out.find("<style>"); at != std::string::npos; at = out.find("<style>"))
    out.erase(at, out.find(end, at) + end.size() - at);
  return out;
}

// The values of an attribute, as written between its quotes.
std::vector<std::string> values_of(const std::string& document, const std::string& attribute) {
  std::vector<std::string> out;
  const auto open = attribute + "=\"";
  for (auto at = document.find(open); at != std::string::npos; at = document.find(open, at)) {
    at += open.size();
    out.push_back(document.substr(at, document.find('"', at) - at));
  }
  return out;
}

Json data_of(const std::string& page) {
  const std::string_view open = R"(<script type="application/json" id="data">)";
  const auto begin = page.find(open) + open.size();
  return Json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

// The folder of a run with everything that a chart draws.
void write_run(const compare::ScratchFolder& scratch, int64_t latency_ns) {
  std::vector<records::HlogEntry> entries(1);
  for (int i = 1; i <= 2000; ++i) entries[0].histogram.record(latency_ns * i / 1000);
  scratch.write("latency.hlog", records::hlog_text(entries, "test"));
  scratch.write("records.jsonl",
                R"({"type":"interval","begin_s":0,"end_s":1,"offered":10,"outcomes":{"ok":9},"latency_p99":4.0}
{"type":"interval","begin_s":1,"end_s":2,"offered":10,"outcomes":{"ok":8},"latency_p99":5.0}
{"type":"event","id":1,"kind":"fault","target":"kill-worker","due_s":0.7,"issued_s":0.75,"confirmed_s":0.8,"status":"done"}
{"type":"timeline","seq":7,"class":"chat","outcome":"ok","due_s":1.0,"sent_s":1.001,"begun_s":1.002,"first_s":null,"done_s":1.02,"steps":[{"stage":"generate","node":0,"begin_s":1.002,"end_s":1.019}]}
)");
}

}  // namespace

TEST_CASE("Text of records cannot become markup or script") {
  const std::string evil = R"("><script>alert(1)</script><img src=x onerror=alert(1)>'&)";
  compare::ResultSet results;
  compare::Made made;
  made.side = made.workload = made.config_hash = evil;
  made.metadata = {{"status", "failed"},       {"reasons", {evil}},
                   {"config", {{evil, evil}}}, {"environment", {{"system", {{evil, evil}}}}},
                   {"notes", {{evil, 1}}},     {"metrics", {{"classes", {{{"class", evil}, {"throughput", 1.0}}}}}}};
  compare::add(results, made);
  made.metadata["status"] = "ok";
  compare::add(results, made);
  results.records[1].side = "other";
  results.problems.push_back({evil, 3, evil});
  const auto page = page_of(results);
  const auto document = markup(page);
  CHECK(!has(document, "<script"));
  CHECK(!has(document, "<img"));
  CHECK(has(document, "&lt;script&gt;alert(1)&lt;/script&gt;"));
  CHECK(count(page, "<script") == 3);  // the data, the library, the page's own
  CHECK(count(page, "</script") == 3);
  CHECK(script_json(Json(evil)).find_first_of("<>&") == std::string::npos);
  CHECK(Json::parse(script_json(Json(evil))) == evil);
}

TEST_CASE("Invalid UTF-8 and NUL in a record do not end the page") {
  compare::ResultSet results;
  compare::add(results, {.metadata = {{"config", {{"name", "a\xff\xfe"}}}}});
  results.records[0].run_id = std::string("r\0x", 3);
  const auto page = page_of(results);
  CHECK(page.find('\0') == std::string::npos);
  CHECK(page.ends_with("</html>\n"));
}

TEST_CASE("The page refers to nothing outside itself and lets nothing else run") {
  compare::ResultSet results;
  compare::add(results, {}, 3);
  const auto page = page_of(results);
  const auto document = markup(page);
  for (const auto* attribute : {"src", "action", "data", "srcset"}) CHECK(values_of(document, attribute).empty());
  const auto links = values_of(document, "href");
  for (const auto& link : links) CHECK_MESSAGE(link.starts_with("#"), link);
  CHECK(links.size() > 10);
  CHECK(!has(document, "style="));  // the policy would refuse it
  CHECK(!has(document, "onclick"));
  CHECK(has(page, "default-src 'none'; img-src data:; style-src 'sha256-"));
  CHECK(!has(page, "unsafe-inline"));
  CHECK(has(page, "Released under the MIT License"));
}

TEST_CASE("Every link of a metric leads to its definition") {
  compare::ResultSet results;
  compare::add(results, {.metadata = {{"metrics", {{"total", {{"goodput", 39.0}, {"latency_p999", nullptr}}}}}}});
  const auto page = page_of(results);
  for (const auto& metric : metrics::metric_definitions())
    CHECK(has(page, fmt::format("id=\"{}\"", anchor("m-", metric.name))));
  const auto document = markup(page);
  for (const auto& link : values_of(document, "href"))
    CHECK_MESSAGE(has(document, fmt::format("id=\"{}\"", link.substr(1))), link);
  CHECK(has(document, "<a href=\"#m-latency\">latency_p99</a>"));
  CHECK(has(document, "<th scope=\"col\" class=\"n\"><a href=\"#m-throughput\">throughput</a> 1/s</th>"));
  CHECK(has(document, "<a href=\"#m-goodput\">goodput</a>"));
}

TEST_CASE("What was not measured is n/a with the reason, never 0") {
  compare::ResultSet results;
  compare::Made made;
  made.metadata = {
      {"metrics",
       {{"total",
         {{"latency_p99", nullptr},
          {"ttft_p99", nullptr},
          {"reasons", {{"latency_p99", "needs 1000 samples, has <300>"}, {"ttft_p99", "no first token"}}}}}}}};
  compare::add(results, made);
  results.records[0].latency_p99.reset();
  const auto document = markup(page_of(results));
  CHECK(has(document, "class=\"n na\" title=\"needs 1000 samples, has &lt;300&gt;\">n/a</td>"));
  CHECK(has(document, "<a href=\"#m-ttft\">ttft_p99</a></span>: n/a, no first token"));
}

TEST_CASE("No results at all are a page that says so") {
  const auto page = page_of({});
  CHECK(has(page, "No results: there is nothing to report on."));
  CHECK(has(page, "id=\"definitions\""));
  CHECK(data_of(page).empty());
}

TEST_CASE("The verdict comes first, with ratio and interval") {
  compare::ResultSet results;
  compare::add(results, {.side = "ray"}, 5);
  compare::add(results, {.side = "sage", .throughput = 60, .latency_p99 = 7}, 5);
  const auto document = markup(page_of(results));
  const auto verdict = document.find("<h2 id=\"verdict\">");
  CHECK(verdict < document.find("<h2 id=\"c1\">"));
  const auto row = document.substr(verdict, document.find("</table>", verdict) - verdict);
  CHECK(has(row, "sage<br><small>/ ray</small>"));
  CHECK(has(row, "<span class=\"verdict better\">"));
  CHECK(has(row, "1.500<br>"));  // throughput 60 / 40
  CHECK(has(row, "0.700<br>"));  // p99 7 / 10
}

TEST_CASE("One run has values and a reason instead of ratios") {
  compare::ResultSet results;
  compare::add(results, {.throughput = 41.5});
  const auto document = markup(page_of(results));
  CHECK(has(document, "verdict inconclusive"));
  CHECK(has(document, "41.5 1/s"));
  CHECK(has(document, "success_rate"));
}

TEST_CASE("A run that its driver limited is marked beside its status and in the verdict, and is used") {
  compare::ResultSet results;
  compare::add(results, {.side = "ray"}, 3);
  compare::add(
      results,
      {.side = "sage",
       .throughput = 60,
       .latency_p99 = 7,
       .metadata = {{"status", "ok"},
                    {"harness_share", {{"limited_by_driver", true}, {"limit", "its <thread>"}, {"host_cpu_s", 1.25}}}}},
      3);
  const auto document = markup(page_of(results));
  CHECK(count(document, "ok <span class=\"tag\">limited by its driver</span>") == 3);
  CHECK(has(document, "verdict better"));
  CHECK(has(document, "<small>sage: 3 of 3 runs were limited by their driver: its &lt;thread&gt;</small>"));
  CHECK(has(document, "harness_share.host_cpu_s"));
}

TEST_CASE("Failed and invalid runs are marked, with their reason, and their values are not used") {
  compare::ResultSet results;
  compare::add(results, {}, 3);
  compare::add(
      results,
      {.side = "ray",
       .throughput = 7777,
       .metadata = {{"status", "failed"}, {"reason", "died"}, {"signal", "SIGSEGV"}, {"place", "backend.submit"}}});
  const auto document = markup(page_of(results));
  CHECK(has(document, "<tr class=\"bad\">"));
  CHECK(has(document, "<strong>failed</strong>: died; SIGSEGV; in backend.submit"));
  CHECK(has(document, "verdict invalid"));
  CHECK(has(document, "no run whose status is ok"));
  // Once, in its own row of the runs.
  CHECK(count(document, ">7777<") == 1);
}

TEST_CASE("Charts have the data that lies beside the records") {
  const compare::ScratchFolder scratch;
  write_run(scratch, 10'000'000);
  compare::ResultSet results;
  compare::Made made;
  made.metadata = {{"metrics",
                    {{"stages", {{{"stage", "generate"}, {"stage_wait_mean", 1.5}, {"stage_service_mean", 4.0}}}},
                     {"classes", {{{"class", "chat"}, {"slo_attainment", 0.75}}}}}}};
  compare::add(results, made, 3);
  for (auto& record : results.records) record.folder = scratch.path();
  const auto page = page_of(results);
  const auto data = data_of(page);
  REQUIRE(data.size() == 7);
  CHECK(count(markup(page), "<canvas") == 7);

  const auto& throughput = data["c1-1"];
  CHECK(throughput["series"][1]["points"] == Json::parse("[[0.5,9.0],[1.5,8.0]]"));
  REQUIRE(throughput["marks"].size() == 1);
  CHECK(throughput["marks"][0]["x"] == 0.75);
  CHECK(throughput["marks"][0]["text"] == "fault kill-worker");
  CHECK(data["c1-2"]["series"][0]["points"][1][1] == 5.0);

  // 2000 samples, even up to 20 ms: the curve ends at q = 1 - 10/2000, and 90 % is at 18 ms.
  const auto& tail = data["c1-3"]["series"][0]["points"];
  for (const auto& point : tail)
    if (point[0] == 1.0) CHECK(point[1].get<double>() == doctest::Approx(18).epsilon(0.01));
  CHECK(tail.back()[0].get<double>() <= 2.302);
  CHECK(tail.back()[0].get<double>() > 2.2);

  CHECK(data["c1-5"]["series"][0]["values"] == Json::parse("[4.0]"));
  CHECK(data["c1-5"]["series"][1]["values"] == Json::parse("[1.5]"));
  CHECK(data["c1-6"]["series"][0]["values"] == Json::parse("[0.75]"));
  CHECK(data["c1-7"]["labels"] == Json::parse(R"(["7 chat"])"));
  const auto& spans = data["c1-7"]["series"];
  REQUIRE(spans.size() == 4);
  CHECK(spans[0]["name"] == "dispatch");
  CHECK(spans[2]["name"] == "generate");
  CHECK(spans[2]["points"] == Json::parse("[[2.0,19.0,0]]"));
}

TEST_CASE("A search gives a frontier: attainment by rate and capacity against linear") {
  const compare::ScratchFolder scratch;
  const auto file = scratch.write("unified_results.jsonl", "");
  scratch.write("frontier.json", R"({"attainment":0.9,"points":[{"nodes":1,"capacity":100},{"nodes":2,"capacity":180},
      {"nodes":4,"capacity":null}],"probes":[{"nodes":1,"rate":100,"slo_attainment":0.95},
      {"nodes":1,"rate":100,"slo_attainment":0.92},{"nodes":1,"rate":200,"slo_attainment":0.5},
      {"nodes":2,"rate":180,"slo_attainment":null}]})");
  compare::ResultSet results;
  compare::add(results, {.metadata = {{"search", {{"capacity", 100}}}}});
  results.records[0].file = file;
  const auto data = data_of(page_of(results));
  CHECK(data["frontier1-1"]["series"][0]["points"] == Json::parse("[[100.0,0.92],[200.0,0.5]]"));
  CHECK(data["frontier1-1"]["levels"] == Json::parse("[0.9]"));
  const auto& capacity = data["frontier1-2"]["series"];
  CHECK(capacity[0]["points"] == Json::parse("[[1.0,100.0],[2.0,180.0]]"));
  CHECK(capacity[1]["points"][1] == Json::parse("[2.0,200.0]"));
}

TEST_CASE("Two hundred runs of a hundred configurations stay below 5 MB, and what is left out is said") {
  const compare::ScratchFolder scratch;
  write_run(scratch, 10'000'000);
  auto total = Json::object();
  for (const auto& name : metrics::metric_names()) total[name] = 1.2345;
  auto options = Json::object();
  for (int i = 0; i < 40; ++i) options[fmt::format("option_{}", i)] = i;
  compare::ResultSet results;
  for (int config = 0; config < 100; ++config)
    for (const auto* side : {"sage", "ray"}) {
      compare::add(results,
                   {.side = side,
                    .config_hash = fmt::format("{:064x}", config),
                    .metadata = {{"metrics", {{"total", total}, {"classes", {{{"class", "chat"}, {"goodput", 3.0}}}}}},
                                 {"config", options}}});
      results.records.back().folder = scratch.path();
    }
  const auto page = page_of(results);
  CHECK(page.size() < 5'000'000);
  CHECK(count(markup(page), "<section class=\"config\"") == 100);
  CHECK(has(page, "Charts are drawn of the first 24 of 100 configurations"));
  CHECK(has(page, "id=\"c24-1\""));
  CHECK(!has(page, "id=\"c25-1\""));
}

TEST_CASE("Simulated time is marked") {
  compare::ResultSet results;
  compare::add(results, {.metadata = {{"clock", "virtual"}}});
  CHECK(has(markup(page_of(results)), "simulated time</span> on sage: nothing here was measured on hardware"));
  compare::ResultSet real;
  compare::add(real, {.metadata = {{"clock", "monotonic"}}});
  CHECK(!has(markup(page_of(real)), "simulated time"));
}

TEST_CASE("Figures are written in their unit") {
  CHECK(base::measure_text(0.9987, "0..1") == "99.87 %");
  CHECK(base::measure_text(1246560, "count") == "1246560");
  CHECK(base::measure_text(12.345, "ms") == "12.3");
  CHECK(metric_link("no_such_metric") == "no_such_metric");
}

}  // namespace host::report
