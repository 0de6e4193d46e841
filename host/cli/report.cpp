// `report DIR|FILE...`: results as a page, a paper, a pull request, a database and other tools want them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/output_file.hpp"
#include "base/quote.hpp"
#include "cli/commands.hpp"
#include "cli/compare_flags.hpp"
#include "compare/sides_by.hpp"
#include "report/cells.hpp"
#include "report/html/html.hpp"
#include "report/latex/latex.hpp"
#include "report/markdown.hpp"
#include "report/merged_hlog.hpp"
#include "report/sqlite.hpp"

namespace host::cli {

const std::vector<catalog::Flag>& report_flags() {
  static const std::vector<catalog::Flag> flags = [] {
    std::vector<catalog::Flag> out = {
        {.spec = catalog::text_option("html", "",
                                      "one page that needs nothing else; without any of these: report.html beside "
                                      "the results"),
         .placeholder = "FILE"},
        {.spec = catalog::text_option("latex", "",
                                      "tables, figures and claims for a paper, with a main.tex that shows them all"),
         .placeholder = "DIR"},
        {.spec = catalog::text_option("markdown", "", "a comment for a pull request; - for standard output"),
         .placeholder = "FILE"},
        {.spec =
             catalog::text_option("sqlite", "", "every record, metric, interval, event and comparison as a database"),
         .placeholder = "FILE"},
        {.spec = catalog::text_option("csv", "", "a tidy table: a row for each metric of each run"),
         .placeholder = "FILE"},
        {.spec = catalog::text_option("hlog", "", "the runs' histogram logs, merged by side"), .placeholder = "FILE"},
    };
    for (auto& flag : comparison_flags()) out.push_back(std::move(flag));
    return out;
  }();
  return flags;
}

namespace {

namespace fs = std::filesystem;

constexpr size_t most_told = 5;

void warn(const std::vector<std::string>& warnings) {
  for (size_t i = 0; i < std::min(most_told, warnings.size()); ++i)
    fmt::print(stderr, "sage-host: warning: {}\n", base::one_line(warnings[i]));
  if (warnings.size() > most_told) fmt::print(stderr, "sage-host: warning: and {} more\n", warnings.size() - most_told);
}

std::vector<std::string> problem_texts(const compare::Comparison& comparison) {
  std::vector<std::string> out;
  for (const auto& problem : comparison.problems)
    out.push_back(fmt::format("{}{}: {}", problem.file.string(),
                              problem.line == 0 ? "" : fmt::format(":{}", problem.line), problem.text));
  return out;
}

// report.html in the first input, or beside it if that is a file.
fs::path default_page(const fs::path& input) {
  std::error_code error;
  return (fs::is_directory(input, error) ? input : input.parent_path()) / "report.html";
}

// Throws Error(failed) also when there is nothing to write.
void write_hlog(const compare::Comparison& comparison, const fs::path& file) {
  const auto merged = report::merged_hlog(comparison);
  warn(merged.problems);
  if (merged.text.empty())
    throw base::Error(base::Exit::failed,
                      fmt::format("--hlog {}: no usable run has a latency.hlog beside its record; name the "
                                  "folders of runs, not single files copied from them",
                                  file.string()));
  base::write_file(file, merged.text);
}

}  // namespace

base::Exit report_command(const Command& command, std::span<const std::string> args) {
  const auto& flags = report_flags();
  const auto arguments = parse_arguments(args, flags, command.name, 10'000);
  if (arguments.help) {
    fmt::print("{}", command_help(command, flags));
    return base::Exit::ok;
  }
  if (arguments.positional.empty())
    throw base::usage_error("report: name folders or files of results, such as 'results'");
  const auto options = compare_options(arguments);
  const std::vector<fs::path> inputs(arguments.positional.begin(), arguments.positional.end());
  const auto results = compare::read_sides(inputs, by_option(arguments));
  const auto comparison = compare::compare(results, options);
  warn(problem_texts(comparison));

  const auto markdown = arguments.text("markdown");
  std::string written;
  const auto wrote = [&](const fs::path& path) { written += path.string() + "\n"; };
  auto page = fs::path(arguments.text("html"));
  if (page.empty() && std::ranges::none_of(std::array{"latex", "markdown", "sqlite", "csv", "hlog"},
                                           [&](const char* output) { return arguments.has(output); }))
    page = default_page(inputs[0]);
  if (!page.empty()) {
    base::write_file(page, report::html_report(comparison, results));
    wrote(page);
  }
  if (const auto* folder = arguments.find("latex")) {
    report::write_latex(comparison, folder->text);
    wrote(fs::path(folder->text) / "main.tex");
  }
  if (!markdown.empty() && markdown != "-") {
    base::write_file(markdown, report::markdown_report(comparison));
    wrote(markdown);
  }
  if (const auto* file = arguments.find("sqlite")) {
    report::write_sqlite(comparison, results, file->text);
    wrote(file->text);
  }
  if (const auto* file = arguments.find("csv")) {
    report::write_cells_csv(results, file->text);
    wrote(file->text);
  }
  if (const auto* file = arguments.find("hlog")) {
    write_hlog(comparison, file->text);
    wrote(file->text);
  }
  // With the comment on standard output, nothing else goes there.
  fmt::print("{}", markdown == "-" ? report::markdown_report(comparison) : written);
  return base::Exit::ok;
}

}  // namespace host::cli
