// `explain [METRIC]`: what a metric means.
#include <fmt/format.h>

#include <cstdio>

#include "catalog/nearest.hpp"
#include "cli/commands.hpp"
#include "cli/text.hpp"
#include "metrics/definitions.hpp"

namespace host {
namespace {

std::string all_metrics() {
  Table table = {{"METRIC", "UNIT", "MEANING"}};
  for (const auto& metric : metric_definitions()) {
    std::string name(metric.name);
    for (const auto& statistic : metric.statistics)
      name += fmt::format("{}{}", &statistic == metric.statistics.data() ? "_" : "/", statistic);
    table.push_back({name, std::string(metric.unit), std::string(metric.definition)});
  }
  return format_table(table, {.max_first_width = 40, .wrap_width = 118});
}

}  // namespace

Exit explain_command(const Command& command, std::span<const std::string> args) {
  const auto arguments = parse_arguments(args, {}, command.name, 1);
  if (arguments.help) {
    fmt::print("{}", command_help(command, {}));
    return Exit::ok;
  }
  if (arguments.positional.empty()) {
    fmt::print("{}", all_metrics());
    return Exit::ok;
  }
  const auto& name = arguments.positional[0];
  const auto text = explain(name);
  if (!text) {
    throw usage_error(fmt::format("no metric is called '{}'{}; 'sage-host explain' lists them", name,
                                  did_you_mean(name, metric_names())));
  }
  fmt::print("{}{}", *text, text->ends_with('\n') ? "" : "\n");
  return Exit::ok;
}

}  // namespace host
