#include "report/markdown.hpp"

#include <doctest/doctest.h>

#include "compare/made_results.hpp"

namespace host::report {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// "@name" or "#1" with nothing between: GitHub would tell people.
bool notifies(std::string_view text) {
  for (size_t i = 0; i + 1 < text.size(); ++i)
    if ((text[i] == '@' || text[i] == '#') && std::isalnum(static_cast<unsigned char>(text[i + 1])) != 0) return true;
  return false;
}

}  // namespace

TEST_CASE("text in a cell is one line without markup") {
  CHECK(markdown_text("a|b`c`*d*_e_") == "a\\|b\\`c\\`\\*d\\*\\_e\\_");
  CHECK(markdown_text("latency_p99 _a") == "latency_p99 \\_a");
  CHECK(markdown_text("<img>&") == "&lt;img&gt;&amp;");
  CHECK(markdown_text("a\r\n# b") == "a  #\u200b b");
  CHECK(markdown_text("\u202ea\u009b") == "?a?");
  CHECK(markdown_text("GH-12 www.x.org") == "GH-\u200b12 www.\u200bx.org");
  CHECK(markdown_text("@octocat fixes #1") == "@\u200boctocat fixes #\u200b1");
  CHECK(markdown_text("http://x") == "http&#58;//x");
  CHECK(markdown_text("\xff") == "\xef\xbf\xbd");
  CHECK(markdown_text(std::string(80, 'x')) == std::string(80, 'x'));
  const std::string almost_full(79, 'x');
  CHECK(markdown_text(almost_full + "\xc3\xa9") == almost_full + "...");
}

TEST_CASE("the verdict comes first, the worst row before others") {
  compare::ResultSet results;
  for (const auto* side : {"sage", "ray"}) compare::add(results, {.side = side, .workload = "Q1"}, 3);
  compare::add(results, {.side = "sage", .throughput = 40, .workload = "Q2"}, 3);
  compare::add(results, {.side = "ray", .throughput = 20, .workload = "Q2"}, 3);
  const auto text = markdown_report(compare::compare(results, {}));
  CHECK(text.starts_with("**worse** (of 2 comparisons: 1 worse, 1 "));
  CHECK(text.find("| Q2, seed 42") < text.find("| Q1, seed 42"));
  CHECK(contains(text, "0.500 [0."));
  CHECK(contains(text,
                 "<details><summary>Q2, seed 42, nodes 1, parallelism 2, config aaaaaaaaaaaa</summary>\n\n| scope"));
  CHECK(contains(text, "| total | throughput (1/s) | 40.00 [39.60, 40.40] | 20.00 [19.80, 20.20] |"));
}

TEST_CASE("a side that its driver limited is named beside the verdict") {
  compare::ResultSet results;
  compare::add(results, {.side = "sage"}, 3);
  compare::add(results,
               {.side = "ray",
                .throughput = 41,
                .metadata = {{"status", "ok"},
                             {"harness_share",
                              {{"limited_by_driver", true},
                               {"limit", "the driver used 97 % of a core beside the operators that it executes"}}}}},
               3);
  CHECK(contains(markdown_report(compare::compare(results, {})),
                 "ray: 3 of 3 runs were limited by their driver: the driver used 97 % of a core beside the operators "
                 "that it executes |"));
}

TEST_CASE("names neither break the tables nor notify anybody") {
  compare::ResultSet results;
  constexpr auto hostile = "@octocat |x| `y` #12 </details><script>\n| a | b |";
  for (const auto* side : {"sage", hostile}) compare::add(results, {.side = side, .workload = hostile}, 3);
  results.problems.push_back({"file", 1, hostile});
  const auto text = markdown_report(compare::compare(results, {}));
  CHECK_FALSE(notifies(text));
  CHECK_FALSE(contains(text, "<script>"));
  size_t open = 0;
  for (size_t at = text.find("details>"); at != std::string::npos; at = text.find("details>", at + 1)) ++open;
  CHECK(open == 4);  // two folded parts
}

TEST_CASE("it fits a comment, whatever there is, and says what it left out") {
  compare::ResultSet results;
  const std::string name(300, '|');
  for (int i = 0; i < 200; ++i)
    for (const auto* side : {"sage", "ray"})
      compare::add(results, {.side = side + name, .workload = name, .config_hash = fmt::format("{:064}", i)}, 3);
  for (int i = 0; i < 1000; ++i) results.problems.push_back({name, 1, name});
  const auto text = markdown_report(compare::compare(results, {}));
  CHECK(text.size() <= markdown_limit);
  CHECK(text.size() > markdown_limit / 2);
  CHECK(contains(text, " more, none worse than these."));
  CHECK(contains(text, " configurations do not fit here."));
  CHECK(contains(text, "0 mismatches and 1000 problems"));
}

TEST_CASE("one side, or nothing") {
  compare::ResultSet results;
  compare::add(results, {}, 3);
  const auto text = markdown_report(compare::compare(results, {}));
  CHECK(text.starts_with("**inconclusive** (of 1 comparison: 1 inconclusive)"));
  CHECK(contains(text, "| total | throughput (1/s) | 40.00 [39.60, 40.40] |"));
  CHECK(markdown_report({}).starts_with("**No results.**"));
}

}  // namespace host::report
