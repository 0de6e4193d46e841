// What was run, where and with which files: configuration, environment, hashes.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <span>

#include "base/json_fields.hpp"
#include "report/escape.hpp"
#include "report/html/parts.hpp"
#include "report/html/table.hpp"

namespace host::report {
namespace {

using base::text;
using Json = nlohmann::ordered_json;
constexpr size_t most_rows = 500;                                // of a table: files may hold anything
using Texts = std::vector<std::pair<std::string, std::string>>;  // path and value

std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Leaves by path; the reader of records has bounded how deep they lie.
void flatten(const Json& value, const std::string& path, Texts& out) {
  if (!value.is_object()) {
    if (!value.is_null()) out.emplace_back(path, value_text(value));
    return;
  }
  for (const auto& [key, member] : value.items()) flatten(member, path.empty() ? key : path + "." + key, out);
}

// Values by side, in the order in which they first appear. Repetitions that differ have several.
class BySide {
 public:
  explicit BySide(std::vector<std::string> sides) : sides_(std::move(sides)) {}
  void add_leaves(size_t side, const Json& object, const std::string& prefix = {}) {
    Texts texts;
    flatten(object, prefix, texts);
    for (auto& [path, value] : texts) add(side, path, std::move(value));
  }
  void add(size_t side, const std::string& path, std::string value) {
    if (!values_.contains(path) && order_.size() == most_rows) return;
    auto& rows = values_[path];
    if (rows.empty()) {
      order_.push_back(path);
      rows.resize(sides_.size());
    }
    auto& of = rows[side];
    if (std::ranges::find(of, value) == of.end()) of.push_back(std::move(value));
  }
  [[nodiscard]] std::string html(std::string_view caption, std::string_view what) const {
    std::vector<std::string> headings = {std::string(what)};
    headings.insert(headings.end(), sides_.begin(), sides_.end());
    HtmlTable table(caption, std::move(headings));
    for (const auto& path : order_) {
      const auto& rows = values_.at(path);
      std::vector<TableCell> cells = {words(path)};
      for (const auto& of : rows) cells.push_back(of.empty() ? missing_cell("not in the records") : cell(of));
      const bool differ = std::ranges::any_of(rows, [&](const auto& of) { return of != rows[0]; });
      table.row(cells, differ ? "differs" : "");
    }
    return table.empty() ? std::string() : table.html();
  }

 private:
  static TableCell cell(const std::vector<std::string>& values) {
    constexpr size_t shown = 3;
    TableCell out = words(fmt::format(
        "{}", fmt::join(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(std::min(shown, values.size())),
                        " | ")));
    if (values.size() > shown) out.html += fmt::format(" | and {} more", values.size() - shown);
    out.style = "value";
    return out;
  }
  std::vector<std::string> sides_;
  std::vector<std::string> order_;
  std::map<std::string, std::vector<std::vector<std::string>>> values_;
};

// Options and their values as a list in columns; what differs between runs has several.
class Options {
 public:
  void add(const Json& object) {
    Texts texts;
    flatten(object, {}, texts);
    for (auto& [path, value] : texts) {
      if (!values_.contains(path) && order_.size() == most_rows) return;
      auto& of = values_[path];
      if (of.empty()) order_.push_back(path);
      if (of.size() < 4 && std::ranges::find(of, value) == of.end()) of.push_back(std::move(value));
    }
  }
  [[nodiscard]] std::string html(std::string_view title) const {
    if (order_.empty()) return {};
    auto out = fmt::format("<h3>{}</h3>\n<dl class=\"options\">\n", escape_html(title));
    for (const auto& path : order_)
      out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_html(path),
                         escape_html(fmt::format("{}", fmt::join(values_.at(path), " | "))));
    return out + "</dl>\n";
  }

 private:
  std::vector<std::string> order_;
  std::map<std::string, std::vector<std::string>> values_;
};

std::vector<std::string> names(const std::vector<compare::SideResults>& sides) {
  std::vector<std::string> out;
  for (const auto& side : sides) out.push_back(side.side);
  return out;
}

}  // namespace

std::string setup_lists(const compare::ComparedConfig& config) {
  // The configuration is one but for what keys tell sides apart by; backends have options of their own.
  Options options;
  BySide hashes(names(config.sides));
  std::string backends;
  for (size_t side = 0; side < config.sides.size(); ++side) {
    Options own;
    for (const auto* run : config.sides[side].repetitions) {
      options.add(run->metadata({"config"}));
      own.add(run->metadata({"backend_config"}));
      if (!run->config_hash.empty()) hashes.add(side, "config_hash", run->config_hash);
      if (!run->backend_hash.empty()) hashes.add(side, "backend_hash", run->backend_hash);
      for (const auto* plugin : {"workload", "backend"})
        if (const auto hash = text(run->metadata({"environment", plugin}), "library_sha256"); !hash.empty())
          hashes.add(side, fmt::format("SHA-256 of the {} plugin", plugin), hash);
      if (const auto digest = text(run->metadata({"digest"})); !digest.empty())
        hashes.add(side, fmt::format("digest over {} results", value_text(run->metadata({"digested"}))), digest);
    }
    backends += own.html("Options of " + config.sides[side].side);
  }
  return options.html("Configuration") + backends + hashes.html("Hashes", "Of");
}

std::string environment_part(const Page& page) {
  std::vector<std::string> sides(page.colors.size());
  for (const auto& [side, at] : page.colors) sides[at] = side;
  BySide environment(sides);
  for (const auto& record : page.results.records) {
    const auto at = page.colors.find(record.side);
    if (at == page.colors.end()) continue;
    auto found = record.metadata({"environment"});
    if (!found.is_object()) continue;
    // Those of the workload differ from one to the next; they are with the hashes of each.
    found.erase("workload");
    found.erase("command_line");
    environment.add_leaves(at->second, found);
  }
  const auto table =
      environment.html("Environment by side; rows that differ are marked", "Of the machine and software");
  return table.empty() ? table : heading("environment", "Environment") + table;
}

std::string mismatch_part(const Page& page) {
  auto out = heading("mismatches", "Configuration mismatches");
  if (page.comparison.mismatches.empty())
    return out + "<p>None: every side was run under the same configurations.</p>\n";
  HtmlTable table("What should have been alike and was not", {"Workload", "Run", "Field", "Values"});
  const auto& all = page.comparison.mismatches;
  for (const auto& mismatch : std::span(all).first(std::min(all.size(), most_rows))) {
    std::string values;
    for (const auto& [side, value] : mismatch.values)
      values += fmt::format("{}{}: {}", values.empty() ? "" : "; ", side, value);
    table.row({words(mismatch.workload),
               words(compare::where(mismatch)),
               words(mismatch.field),
               {escape_html(values), "value", {}}},
              "bad");
  }
  out += table.html();
  if (all.size() > most_rows)
    out += fmt::format("<p class=\"note\">The first {} of {}; summary.md has all.</p>\n", most_rows, all.size());
  return out;
}

std::string problem_part(const Page& page) {
  auto out = heading("problems", "Problems with the input");
  if (page.comparison.problems.empty()) return out + "<p>None: every line was read.</p>\n";
  HtmlTable table("Lines that were not read as they are", {"File", "#Line", "Problem"});
  for (const auto& problem : page.comparison.problems)
    table.row({words(problem.file.string()), figure(problem.line == 0 ? "" : fmt::format("{}", problem.line)),
               words(problem.text)},
              "bad");
  return out + table.html();
}

}  // namespace host::report
