#include "experiment/recorded_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/quote.hpp"

namespace host::experiment {
namespace {

using Json = nlohmann::json;

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

Json recorded_options(const cell::CellSpec& cell, const std::optional<SearchSpec>& search) {
  auto out = cell::recorded_options(cell);
  if (search) out["search_nodes"] = search->nodes;
  return out;
}

PlannedCell plan_again(const catalog::Catalog& catalog, const std::string& workload_id, const std::string& backend_id,
                       const Json& options, const std::vector<std::string>& command_line, const std::string& source) {
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

}  // namespace host::experiment
