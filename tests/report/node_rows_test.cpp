#include "report/node_rows.hpp"

#include <doctest/doctest.h>

#include "compare/made_results.hpp"
#include "report/artefact_texts.hpp"
#include "report/html/html.hpp"
#include "report/markdown.hpp"

namespace host::report {
namespace {

// Three runs on two nodes; in the last one node 1 served nothing.
compare::ResultSet made(bool several = true) {
  compare::ResultSet results;
  for (const int second : {600, 500, 0}) {
    auto nodes = nlohmann::ordered_json::array();
    nodes.push_back(
        {{"node", 0}, {"requests", 1000 - second}, {"share", 1 - second / 1000.0}, {"busy_s", 2.5}, {"capacity", 4}});
    if (several)
      nodes.push_back(
          {{"node", 1}, {"requests", second}, {"share", second / 1000.0}, {"busy_s", nullptr}, {"capacity", 4}});
    compare::add(results, {.metadata = {{"nodes", nodes}}});
  }
  return results;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a row a node: over all runs, and in how many it served nothing") {
  const auto results = made();
  const auto comparison = compare::compare(results, {});
  const auto rows = node_rows(comparison.configs.at(0));
  REQUIRE(rows.size() == 2);
  CHECK(node_count_text(rows[0].requests) == "500 [400, 1000]");
  CHECK(rows[0].idle == 0);
  CHECK(rows[1].side == "sage");
  CHECK(rows[1].node == 1);
  CHECK(rows[1].idle == 1);
  CHECK(node_share_text(rows[1].share) == "50.00 % [0.00 %, 60.00 %]");
  CHECK(node_value_text(rows[1].busy_s) == "n/a");
  CHECK(node_value_text(rows[1].capacity) == "4.000");
}

TEST_CASE("page, comment and summary show the nodes, where there are several") {
  const auto results = made();
  const auto comparison = compare::compare(results, {});
  const auto page = html_report(comparison, results);
  CHECK(has(page, "What each node did"));
  CHECK(has(page, "1 of 3 runs"));
  CHECK(has(markdown_report(comparison), "| 1 **served nothing** | sage | 500 \\[0, 600\\] |"));
  CHECK(has(summary_md(comparison, results), "| served nothing in 1 of 3 runs |"));

  const auto single = made(false);
  const auto alone = compare::compare(single, {});
  CHECK_FALSE(has(html_report(alone, single), "What each node did"));
  CHECK_FALSE(has(markdown_report(alone), "requests served"));
  CHECK_FALSE(has(summary_md(alone, single), "Per node"));
}

TEST_CASE("nodes that are none, and records that say nothing of them, are no rows") {
  compare::ResultSet results;
  for (const auto* nodes :
       {R"([{"node":-1},{"node":"x"},7,null])", R"({"node":1})", R"([{"node":1e300},{"node":1}])", "null"})
    compare::add(results, {.metadata = {{"nodes", nlohmann::ordered_json::parse(nodes)}}});
  CHECK(node_rows(compare::compare(results, {}).configs.at(0)).empty());
}

}  // namespace host::report
