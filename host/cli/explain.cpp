// `explain [METRIC]`: what a metric means.
#include <fmt/format.h>

#include <cstdio>

#include "base/nearest.hpp"
#include "base/table_text.hpp"
#include "cli/commands.hpp"
#include "metrics/definitions.hpp"

namespace host::cli {
namespace {

std::string all_metrics() {
  base::Table table = {{"METRIC", "UNIT", "MEANING"}};
  for (const auto& metric : metrics::metric_definitions()) {
    std::string name(metric.name);
    for (const auto& statistic : metric.statistics)
      name += fmt::format("{}{}", &statistic == metric.statistics.data() ? "_" : "/", statistic.name);
    table.push_back({name, std::string(metric.unit), std::string(metric.formula)});
  }
  return base::format_table(table, {.max_first_width = 40, .wrap_width = 118});
}

}  // namespace

base::Exit explain_command(const Command& command, std::span<const std::string> args) {
  const auto arguments = parse_arguments(args, {}, command.name, 1);
  if (arguments.help) {
    fmt::print("{}", command_help(command, {}));
    return base::Exit::ok;
  }
  if (arguments.positional.empty()) {
    fmt::print("{}", all_metrics());
    return base::Exit::ok;
  }
  const auto& name = arguments.positional[0];
  const auto text = metrics::explain(name);
  if (!text) {
    throw base::usage_error(fmt::format("no metric is called '{}'{}; 'sage-host explain' lists them", name,
                                        base::did_you_mean(name, metrics::metric_names())));
  }
  fmt::print("{}{}", *text, text->ends_with('\n') ? "" : "\n");
  return base::Exit::ok;
}

}  // namespace host::cli
