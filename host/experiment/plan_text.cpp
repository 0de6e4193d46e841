// The plan of a run as --dry-run shows it.
#include <fmt/format.h>

#include "base/table_text.hpp"
#include "experiment/run_plan.hpp"

namespace host::experiment {
namespace {

using Json = nlohmann::json;

void add_rows(base::Table& table, const cell::SettingMap& settings, std::string_view title) {
  table.push_back({std::string(title)});
  for (const auto& [name, setting] : settings) {
    if (cell::command_line_only(name)) continue;
    auto shown = catalog::to_text(setting.value);
    table.push_back({"  " + name, shown.empty() ? "-" : shown, setting.source == "default" ? "" : setting.source});
  }
}

Json settings_json(const cell::SettingMap& settings) {
  auto json = Json::object();
  for (const auto& [name, setting] : settings)
    if (!cell::command_line_only(name))
      json[name] = {{"value", catalog::to_json(setting.value)}, {"source", setting.source}};
  return json;
}

}  // namespace

std::string plan_text(const RunPlan& plan) {
  std::string text;
  for (const auto& [spec, settings, search] : plan.cells) {
    text += fmt::format("{} on {}{}\n", spec.workload, spec.backend, spec.virtual_time ? ", in virtual time" : "");
    base::Table table;
    add_rows(table, settings.shared, "run");
    add_rows(table, settings.load, "load");
    if (!settings.workload.empty()) add_rows(table, settings.workload, "workload " + spec.workload);
    if (!settings.backend.empty()) add_rows(table, settings.backend, "backend " + spec.backend);
    text += base::format_table(table) + fmt::format("config_hash {}\n", spec.config_hash);
    if (search)
      text += fmt::format("a search for the capacity of {} nodes: several runs each, the first at --rate a node\n",
                          fmt::join(search->nodes, ", "));
    text += "\n";
  }
  for (const auto& skipped : plan.skipped) text += fmt::format("skipped {}: {}\n", skipped.id, skipped.reason);
  text += fmt::format("{} run{} into {}; nothing was run\n", plan.cells.size() * plan.repeat,
                      plan.cells.size() == 1 && plan.repeat == 1 ? "" : "s", plan.output_dir.string());
  return text;
}

Json plan_json(const RunPlan& plan) {
  auto cells = Json::array();
  for (const auto& [spec, settings, search] : plan.cells)
    cells.push_back({{"workload", spec.workload},
                     {"backend", spec.backend},
                     {"virtual_time", spec.virtual_time},
                     {"config", spec.config},
                     {"config_hash", spec.config_hash},
                     {"run", settings_json(settings.shared)},
                     {"load", settings_json(settings.load)},
                     {"workload_options", settings_json(settings.workload)},
                     {"backend_options", settings_json(settings.backend)},
                     {"search_nodes", search ? Json(search->nodes) : Json(nullptr)}});
  auto skipped = Json::array();
  for (const auto& each : plan.skipped) skipped.push_back({{"workload", each.id}, {"reason", each.reason}});
  return {{"cells", cells}, {"skipped", skipped}, {"repeat", plan.repeat}, {"output_dir", plan.output_dir.string()}};
}

}  // namespace host::experiment
