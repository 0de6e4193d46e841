#include "report/markdown.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/quote.hpp"
#include "base/utf8.hpp"
#include "report/metric_rows.hpp"
#include "report/node_rows.hpp"
#include "report/verdict_rows.hpp"

namespace host::report {
namespace {

constexpr size_t table_share = 32'768;   // of the limit, at most, for the table of verdicts
constexpr size_t reason_max = 300;       // bytes of one
constexpr size_t left_for_notes = 1000;  // what follows the last metrics
constexpr auto zero_width_space = "\u200b";

// Worst first.
int rank(compare::Verdict verdict) {
  constexpr std::array order = {compare::Verdict::worse, compare::Verdict::invalid, compare::Verdict::inconclusive,
                                compare::Verdict::better, compare::Verdict::same};
  return static_cast<int>(std::ranges::find(order, verdict) - order.begin());
}

std::string row(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const auto& cell : cells) out += " " + cell + " |";
  return out + "\n";
}

std::string header(const std::vector<std::string>& cells) {
  return row(cells) + row(std::vector<std::string>(cells.size(), "---"));
}

struct Line {
  compare::Verdict verdict;
  std::string text;
};

std::vector<Line> verdict_lines(const compare::Comparison& comparison) {
  std::vector<Line> out;
  for (const auto& of : verdict_rows(comparison)) {
    const auto& [verdict, reason] = of.judgement;
    out.push_back(
        {verdict,
         row({markdown_text(config_text(of.config)),
              of.alone() ? markdown_text(of.side.side)
                         : fmt::format("{} / {}", markdown_text(of.side.side), markdown_text(of.baseline().side)),
              of.runs(), ratio_text(of.throughput), latency_ratio_text(of.latency),
              of.alone() ? compare::to_string(verdict) : fmt::format("**{}**", compare::to_string(verdict)),
              markdown_text(reason, reason_max)})});
  }
  std::ranges::stable_sort(out, {}, [](const Line& line) { return rank(line.verdict); });
  return out;
}

// "**worse**: of 12 comparisons 1 worse, 11 same".
std::string verdict_line(const std::vector<Line>& rows) {
  if (rows.empty()) return "**No results.**\n\n";
  std::string counts;
  for (size_t i = 0; i < rows.size();) {
    size_t n = i;
    while (n < rows.size() && rows[n].verdict == rows[i].verdict) ++n;
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", n - i, compare::to_string(rows[i].verdict));
    i = n;
  }
  return fmt::format("**{}** (of {} comparison{}: {})\n\n", compare::to_string(rows[0].verdict), rows.size(),
                     rows.size() == 1 ? "" : "s", counts);
}

std::string verdict_table(const std::vector<Line>& rows) {
  auto out = header({"configuration", "candidate / baseline", "runs", "throughput", "latency", "verdict", "why"});
  size_t shown = 0;
  for (; shown < rows.size() && out.size() + rows[shown].text.size() <= table_share; ++shown) out += rows[shown].text;
  if (shown < rows.size()) out += fmt::format("\n{} more, none worse than these.\n", rows.size() - shown);
  return out;
}

std::string values_cell(const SideValues& side) {
  const auto& values = side.values;
  if (values.empty()) return markdown_text(none_text(side));
  const auto [least, most] = std::ranges::minmax(values);
  return values.size() == 1
             ? value_text(values[0])
             : fmt::format("{} [{}, {}]", value_text(compare::median(values)), value_text(least), value_text(most));
}

// Of runs on several nodes.
std::string node_table(const compare::ComparedConfig& config) {
  const auto rows = node_rows(config);
  if (rows.empty()) return {};
  auto out = "\n" + header({"node", "side", "requests served", "share", "busy s"});
  for (const auto& node : rows)
    out += row({fmt::format("{}{}", node.node, node.idle == 0 ? "" : " **served nothing**"),
                markdown_text(std::string(node.side)), markdown_text(node_count_text(node.requests)),
                markdown_text(node_share_text(node.share)), markdown_text(node_value_text(node.busy_s))});
  return out;
}

// Folded; with two sides or more each metric's ratios and verdicts.
std::string details(const compare::ComparedConfig& config) {
  std::vector<std::string> cells = {"scope", "metric"};
  for (const auto& side : config.sides) cells.push_back(markdown_text(runs_text(side)));
  for (size_t i = 1; i < config.sides.size(); ++i)
    cells.push_back(fmt::format("{} / {}", markdown_text(config.sides[i].side), markdown_text(config.sides[0].side)));
  std::string out = header(cells);
  for (const auto& metric : headline_rows(config)) {
    if (!metric.measured()) continue;
    cells = {markdown_text(metric.scope), markdown_text(fmt::format("{} ({})", metric_text(metric.name), metric.unit))};
    for (const auto& side : metric.sides) cells.push_back(values_cell(side));
    for (size_t i = 1; i < config.sides.size(); ++i) {
      const auto* result = compare::find_result(config, config.sides[i].side, metric.scope, metric.name);
      cells.push_back(
          result == nullptr ? "n/a" : fmt::format("{} {}", ratio_text(result), compare::to_string(result->verdict)));
    }
    out += row(cells);
  }
  return fmt::format("\n<details><summary>{}</summary>\n\n{}\n</details>\n", markdown_text(config_text(config)),
                     out + node_table(config));
}

std::string mismatches(const compare::Comparison& comparison) {
  std::string out;
  for (const auto& mismatch : comparison.mismatches) {
    std::string values;
    for (const auto& [side, value] : mismatch.values)
      values += fmt::format("{}{}: {}", values.empty() ? "" : "; ", markdown_text(side), markdown_text(value));
    out += fmt::format("* {} {}: {}: {}\n", markdown_text(mismatch.workload),
                       markdown_text(mismatch.run_id.empty() ? mismatch.label : mismatch.run_id),
                       markdown_text(mismatch.field), values);
  }
  for (const auto& problem : comparison.problems)
    out += fmt::format("* {}, line {}: {}\n", markdown_text(problem.file.filename().string()), problem.line,
                       markdown_text(problem.text));
  return out.empty() ? out
                     : fmt::format(
                           "\n<details><summary>Mismatches and problems with the input</summary>\n\n{}\n"
                           "</details>\n",
                           out);
}

// An underscore there is none of emphasis: "latency_p99".
bool within_word(std::string_view text, size_t at) {
  const auto letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  return at > 0 && at + 1 < text.size() && letter(text[at - 1]) && letter(text[at + 1]);
}

bool ends_with_any_case(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && base::to_lower(text.substr(text.size() - lower.size())) == lower;
}

}  // namespace

std::string markdown_text(std::string_view raw, size_t longest) {
  const auto plain = base::shown_text(raw);
  std::string_view text = plain;
  std::string out;
  const bool cut = text.size() > longest;
  if (cut) text = text.substr(0, longest);
  // not within a character of several bytes
  while (cut && !text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.remove_suffix(1);
  if (cut && !text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.remove_suffix(1);
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == ':' && text.substr(i).starts_with("://"))
      out += "&#58;";  // no link
    else if (std::string_view("|\\`*_~[]$").find(c) != std::string_view::npos && !(c == '_' && within_word(text, i)))
      out += fmt::format("\\{}", c);
    else
      out += c;
    // "@name", "#12" and "GH-12" would notify people, "www." is a link
    const auto before = text.substr(0, i + 1);
    if (c == '@' || c == '#' || ends_with_any_case(before, "gh-") || ends_with_any_case(before, "www."))
      out += zero_width_space;
  }
  return cut ? out + "..." : out;
}

std::string markdown_report(const compare::Comparison& comparison) {
  const auto rows = verdict_lines(comparison);
  auto out = verdict_line(rows);
  if (!rows.empty()) out += verdict_table(rows);
  size_t left_out = 0;
  const auto add = [&](const std::string& part) {
    const bool fits = out.size() + part.size() + left_for_notes <= markdown_limit;
    if (fits) out += part;
    return fits;
  };
  if (!add(mismatches(comparison)))
    out += fmt::format("\n{} mismatches and {} problems with the input.\n", comparison.mismatches.size(),
                       comparison.problems.size());
  for (const auto& config : comparison.configs)
    if (!add(details(config))) ++left_out;
  if (left_out > 0) out += fmt::format("\nMetrics of {} more configurations do not fit here.\n", left_out);
  return out + fmt::format(
                   "\nRatios candidate / baseline with {:.4g} % confidence intervals over repetitions; margin "
                   "{:.4g} %. Medians [least, greatest].\n",
                   comparison.confidence * 100, comparison.margin * 100);
}

}  // namespace host::report
