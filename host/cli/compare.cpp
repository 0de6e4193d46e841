// `compare DIR|FILE...`: which side is better, by how much, and how sure that is.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/quote.hpp"
#include "cli/commands.hpp"
#include "cli/compare_flags.hpp"
#include "report/artefact_texts.hpp"
#include "report/comparison_job.hpp"

namespace host::cli {

const std::vector<catalog::Flag>& compare_flags() {
  static const std::vector<catalog::Flag> flags = [] {
    std::vector<catalog::Flag> out = {
        {.spec = catalog::text_option("output_dir", "comparison",
                                      "where summary.md, comparison.csv, report.html and the pictures go"),
         .placeholder = "DIR"}};
    for (auto& flag : comparison_flags()) out.push_back(std::move(flag));
    out.push_back({.spec = catalog::text_option("gate", "", "conditions on ratios; exit code 5 when one is not met"),
                   .placeholder = "CONDITIONS"});
    out.push_back({.spec = catalog::toggle("gate_lenient", "inconclusive conditions pass")});
    out.push_back({.spec = catalog::toggle("json", "the comparison on standard output as JSON")});
    return out;
  }();
  return flags;
}

namespace {

bool on(const Arguments& arguments, std::string_view name) {
  const auto& flags = compare_flags();
  const auto& spec = std::ranges::find(flags, name, [](const catalog::Flag& flag) { return flag.spec.name; })->spec;
  return std::get<bool>(catalog::parse_option(spec, arguments.text(name, "false"), catalog::option_flag(name)));
}

}  // namespace

base::Exit compare_command(const Command& command, std::span<const std::string> args) {
  const auto& flags = compare_flags();
  const auto arguments = parse_arguments(args, flags, command.name, 10'000);
  if (arguments.help) {
    fmt::print("{}", command_help(command, flags));
    return base::Exit::ok;
  }
  if (arguments.positional.empty())
    throw base::usage_error("compare: name folders or files of results, such as 'results'");
  report::CompareJob job;
  job.inputs.assign(arguments.positional.begin(), arguments.positional.end());
  job.output_dir = arguments.text("output_dir", "comparison");
  job.by = by_option(arguments);
  job.options = compare_options(arguments);
  job.gate = arguments.text("gate");
  job.gate_lenient = on(arguments, "gate_lenient");
  const bool json = on(arguments, "json");
  const auto outcome = report::compare_into(job);
  for (const auto& warning : outcome.warnings) fmt::print(stderr, "sage-host: warning: {}\n", base::one_line(warning));
  if (!json) {
    fmt::print("{}", outcome.text);
    return outcome.exit;
  }
  using Json = nlohmann::ordered_json;
  fmt::print("{}\n", report::to_json(outcome.comparison).dump(2, ' ', false, Json::error_handler_t::replace));
  return outcome.exit;
}

}  // namespace host::cli
