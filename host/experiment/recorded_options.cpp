#include "experiment/recorded_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "base/quote.hpp"
#include "cell/process.hpp"

namespace host::experiment {
namespace {

using Json = nlohmann::json;

constexpr size_t planned_max = 100'000;

std::string text_of(const Json& value, const std::string& source) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number()) return value.dump();
  throw base::usage_error(source + ": an option takes a text, a number, true or false");
}

void add_given(std::vector<catalog::Given>& given, const Json& options, const char* part, const std::string& owner,
               const std::string& source) {
  const auto it = options.find(part);
  if (it == options.end() || !it->is_object())
    throw base::usage_error(fmt::format(
        "{}: 'options.{}' is missing or no object; the file is not one that sage-host wrote", source, part));
  for (const auto& [name, value] : it->items()) {
    const auto where = fmt::format("{}: options.{}.{}", source, part, base::one_line(name));
    given.push_back({owner, name, text_of(value, where), where});
  }
}

std::vector<uint32_t> node_numbers(const Json& list, const std::string& source) {
  std::vector<uint32_t> out;
  const auto valid = [](const Json& n) { return n.is_number_unsigned() && n > 0 && n <= 100'000; };
  if (!list.is_array() || list.empty() || list.size() > 1000 || !std::ranges::all_of(list, valid))
    throw base::usage_error(source + ": options.search_nodes must be a list of numbers of nodes");
  list.get_to(out);
  return out;
}

}  // namespace

void refuse_to_trust(const cell::SettingMap& settings, const catalog::Manifest& plugin, const std::string& source) {
  for (const auto& spec : plugin.options)
    if (const auto& value = settings.at(spec.name).value; spec.by_user && value != spec.default_value)
      throw base::usage_error(fmt::format(
          "{}: {}.{} is {} there, which decides whose code runs; add --trust-record to take it from the record, if you "
          "know that it is yours",
          source, plugin.id, spec.name, base::in_quotes(catalog::to_text(value))));
}

Json recorded_options(const cell::CellSpec& cell, const std::optional<SearchSpec>& search) {
  auto out = cell::recorded_options(cell);
  if (search) out["search_nodes"] = search->nodes;
  return out;
}

PlannedCell plan_again(const catalog::Catalog& catalog, const std::string& workload_id, const std::string& backend_id,
                       const Json& options, const std::vector<std::string>& command_line, const std::string& source,
                       bool trust_record) {
  const auto& workload = catalog.find(catalog::PluginKind::workload, workload_id);
  const auto& backend = catalog.find(catalog::PluginKind::backend, backend_id);
  if (!options.is_object())
    throw base::usage_error(fmt::format("{}: it has no 'options'; it was written by another version", source));
  std::vector<catalog::Given> given;
  add_given(given, options, "run", "", source);
  for (const auto& each : given)
    if (each.name == "workload" || each.name == "backend" || each.name == "output_dir" ||
        cell::command_line_only(each.name))
      throw base::usage_error(each.source + ": that is not an option to be recorded");
  add_given(given, options, "load", workload.id, source);
  add_given(given, options, "workload", workload.id, source);
  add_given(given, options, "backend", backend.id, source);
  const std::vector<const catalog::Manifest*> plugins = {&workload, &backend};
  cell::check_names(given, plugins, {workload.id, backend.id});
  auto settings = cell::resolve(given, workload, backend);
  if (!trust_record) {
    refuse_to_trust(settings.workload, workload, source);
    refuse_to_trust(settings.backend, backend, source);
  }
  // Here every option is given; that a user gave two which exclude each other cannot be told from that.
  settings.shared.at("nodes").given = false;
  if (const auto list = settings.workload.find("node_list"); list != settings.workload.end())
    list->second.given = false;
  auto cell = plan_cell(std::move(settings), workload, backend, command_line);
  if (const auto nodes = options.find("search_nodes"); nodes == options.end())
    cell.search.reset();  // one run of a search
  else if (cell.search)
    cell.search->nodes = node_numbers(*nodes, source);
  return cell;
}

nlohmann::ordered_json recorded_plan(const std::vector<PlannedCell>& planned) {
  auto out = nlohmann::ordered_json::array();
  for (const auto& cell : planned)
    out.push_back({{"workload", cell.spec.workload},
                   {"backend", cell.spec.backend},
                   {"config_hash", cell.spec.config_hash},
                   {"config", cell.spec.config},
                   {"options", recorded_options(cell.spec, cell.search)},
                   {"environment", cell::run_info(cell.spec).environment}});
  return out;
}

std::vector<PlannedCell> plan_again(const State& state, const catalog::Catalog& catalog,
                                    const std::vector<std::string>& command_line, bool trust_record) {
  std::vector<PlannedCell> out;
  for (const auto& each : state.list(state.plan(), "planned", planned_max))
    out.push_back(plan_again(catalog, base::text(each, "workload"), base::text(each, "backend"),
                             each.value("options", Json()), command_line, state.source(), trust_record));
  if (out.empty()) state.bad("'planned' is empty");
  return out;
}

void check_same_plan(const State& state, const nlohmann::ordered_json& now) {
  const auto& began = state.list(state.plan(), "planned", planned_max);
  const auto refuse = [&](const std::string& what, const std::string& was, const std::string& is) {
    throw base::usage_error(fmt::format("--resume: {} was {} in {} and is {} now; a run goes on as it began, or anew",
                                        what, base::one_line(was), state.source(), is));
  };
  const auto names = [](const auto& list, const char* name) {
    std::vector<std::string> out;
    for (const auto& each : list)
      if (const auto text = base::text(each, name); std::ranges::find(out, text) == out.end()) out.push_back(text);
    return fmt::format("{}", fmt::join(out, ","));
  };
  for (const auto* name : {"workload", "backend"})
    if (names(began, name) != names(now, name))
      refuse(fmt::format("the {}", name), names(began, name), names(now, name));
  if (began.size() != now.size()) state.bad("'planned' does not fit what is planned now");
  for (size_t i = 0; i < now.size(); ++i) {
    const auto& was = began[i];
    const Json is = now[i];
    const auto of = fmt::format("{} on {}", base::text(is, "workload"), base::text(is, "backend"));
    if (const auto hash = base::text(is, "config_hash"); base::text(was, "config_hash") != hash) {
      const auto changes = Json::diff(was.value("config", Json()), is.at("config"));
      refuse("the configuration of " + of, base::short_hash(base::text(was, "config_hash")),
             changes.empty()
                 ? base::short_hash(hash)
                 : fmt::format("{} (first difference: {})", base::short_hash(hash), changes[0].value("path", "")));
    }
    const auto own = [](const Json& cell) { return cell.value("/options/backend"_json_pointer, Json()); };
    if (own(was) != own(is)) refuse("the options of " + of, own(was).dump(), own(is).dump());
    state.check_environment(base::text(is, "backend"), was.value("environment", Json()), is.at("environment"));
  }
}

}  // namespace host::experiment
