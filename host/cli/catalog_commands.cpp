// `list` and `describe`: what manifests and experiments say. No plugin code is loaded.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>

#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "base/table_text.hpp"
#include "catalog/catalog.hpp"
#include "catalog/presets.hpp"
#include "cell/settings.hpp"
#include "cli/commands.hpp"

namespace host::cli {
namespace {

using Json = nlohmann::json;

std::string to_string(catalog::CatalogEntry::State state) {
  switch (state) {
    case catalog::CatalogEntry::State::usable:
      return "usable";
    case catalog::CatalogEntry::State::shadowed:
      return "shadowed";
    case catalog::CatalogEntry::State::broken:
      return "broken";
  }
  return "";
}

// What the search path shows; a plugin whose library is not there cannot be used, however good its manifest.
std::vector<catalog::CatalogEntry> entries_of(const catalog::Catalog& catalog) {
  auto entries = catalog.entries();
  for (auto& entry : entries) {
    std::error_code error;
    if (!entry.manifest || std::filesystem::is_regular_file(entry.manifest->library, error)) continue;
    entry.state = catalog::CatalogEntry::State::broken;
    entry.reason = fmt::format("its library {} is {}; build or install the plugin again",
                               base::one_line(entry.manifest->library.string()),
                               std::filesystem::exists(entry.manifest->library, error) ? "no regular file" : "missing");
  }
  return entries;
}

Json entry_json(const catalog::CatalogEntry& entry) {
  Json json = {{"state", to_string(entry.state)}, {"file", entry.file.string()}};
  if (!entry.reason.empty()) json["reason"] = entry.reason;
  if (entry.manifest) {
    const auto& m = *entry.manifest;
    json.update({{"kind", catalog::to_string(m.kind)},
                 {"id", m.id},
                 {"name", m.name},
                 {"aliases", m.aliases},
                 {"version", m.version},
                 {"summary", m.summary},
                 {"capabilities", m.capabilities}});
  }
  return json;
}

base::TableRow entry_row(const catalog::CatalogEntry& entry, bool with_state) {
  base::TableRow row;
  if (entry.manifest) {
    const auto& m = *entry.manifest;
    row = {std::string(catalog::to_string(m.kind)), m.id, m.name.empty() ? m.id : m.name, m.version, m.summary};
  } else {
    row = {"?", entry.file.filename().string(), "", "", ""};
  }
  if (with_state) {
    row.back() = to_string(entry.state);
    row.push_back(entry.reason.empty() ? entry.file.string() : entry.reason);
  }
  return row;
}

void list_experiments(bool as_json) {
  base::Table table = {{"NAME", "WORKLOAD", "CELLS", "QUICK", "TITLE"}};
  auto json = Json::array();
  for (const auto& preset : catalog::read_presets(catalog::preset_folder())) {
    table.push_back({preset.name, preset.workload, fmt::format("{}", preset.cells),
                     fmt::format("{}", preset.quick_cells), base::one_line(preset.title)});
    json.push_back({{"name", preset.name},
                    {"file", preset.file.string()},
                    {"title", preset.title},
                    {"question", preset.question},
                    {"workload", preset.workload},
                    {"backend", preset.backend},
                    {"cells", preset.cells},
                    {"quick_cells", preset.quick_cells}});
  }
  fmt::print("{}", as_json ? json.dump(2) + "\n" : base::format_table(table));
}

const catalog::Manifest& find_any(const catalog::Catalog& catalog, const std::string& id) {
  try {
    return catalog.find(catalog::PluginKind::workload, id);
  } catch (const base::Error& no_workload) {
    try {
      return catalog.find(catalog::PluginKind::backend, id);
    } catch (const base::Error&) {
    }
  }
  std::vector<std::string> ids;
  for (const auto kind : {catalog::PluginKind::workload, catalog::PluginKind::backend})
    for (const auto* manifest : catalog.all(kind)) ids.push_back(manifest->id);
  throw base::usage_error(
      fmt::format("no workload or backend is called '{}'{}; there are: {}; 'sage-host list --all' shows broken ones",
                  id, base::did_you_mean(id, ids), fmt::join(ids, ", ")));
}

std::string type_name(catalog::OptionType type) {
  switch (type) {
    case catalog::OptionType::integer:
      return "int";
    case catalog::OptionType::number:
      return "float";
    case catalog::OptionType::boolean:
      return "bool";
    case catalog::OptionType::text:
      return "string";
  }
  return "";
}

std::string range(const catalog::OptionSpec& spec) {
  if (!spec.choices.empty()) return fmt::format("{}", fmt::join(spec.choices, "|"));
  if (!spec.min && !spec.max) return "";
  return fmt::format("{} .. {}", spec.min ? fmt::format("{:.15g}", *spec.min) : "",
                     spec.max ? fmt::format("{:.15g}", *spec.max) : "");
}

std::string options_table(std::span<const catalog::OptionSpec> specs) {
  base::Table table = {{"  option", "type", "default", "quick", "range", "unit", "meaning"}};
  for (const auto& spec : specs)
    table.push_back({"  " + catalog::option_flag(spec.name), type_name(spec.type), catalog::to_text(spec.default_value),
                     spec.quick ? catalog::to_text(*spec.quick) : "", range(spec), spec.unit, spec.help});
  return base::format_table(table);
}

std::string description(const catalog::Manifest& m) {
  base::Table table = {{"summary", m.summary},
                       {"kind", std::string(catalog::to_string(m.kind))},
                       {"aliases", fmt::format("{}", fmt::join(m.aliases, ", "))},
                       {"version", m.version},
                       {"abi", fmt::format("1.{}", m.abi_minor)},
                       {"manifest", m.file.string()},
                       {"library", m.library.string()},
                       {"capabilities", fmt::format("{}", fmt::join(m.capabilities, ", "))},
                       {"requires", fmt::format("{}", fmt::join(m.required_capabilities, ", "))},
                       {"extensions", fmt::format("{}", fmt::join(m.required_extensions, ", "))},
                       {"search", m.search.empty() ? "" : m.search + ": the host repeats it to find this"}};
  for (const auto& [name, remedy] : m.requires_text) table.push_back({"requires " + name, remedy});
  std::erase_if(table, [](const base::TableRow& row) { return row[1].empty(); });
  auto text = fmt::format("{}{}\n\n{}", m.id, m.name.empty() ? "" : " " + m.name, base::format_table(table));
  if (!m.options.empty()) text += "\nits own options\n" + options_table(m.options);
  if (m.kind == catalog::PluginKind::workload)
    text += "\nthe host's load options, with this workload's defaults\n" + options_table(cell::load_specs(m));
  return text;
}

}  // namespace

const std::vector<catalog::Flag>& list_flags() {
  static const std::vector<catalog::Flag> flags = {
      {.spec = catalog::toggle("all", "also shadowed and broken manifests, with the reason")},
      {.spec = catalog::toggle("experiments", "the experiments that come with it, instead of plugins")},
      {.spec = catalog::toggle("json", "as JSON")},
      {.spec = cell::run_option("plugin_path"), .placeholder = "A:B"}};
  return flags;
}

const std::vector<catalog::Flag>& describe_flags() {
  static const std::vector<catalog::Flag> flags = {{.spec = cell::run_option("plugin_path"), .placeholder = "A:B"}};
  return flags;
}

base::Exit list_command(const Command& command, std::span<const std::string> args) {
  const auto& flags = list_flags();
  const auto arguments = parse_arguments(args, flags, command.name);
  if (arguments.help) {
    fmt::print("{}", command_help(command, flags));
    return base::Exit::ok;
  }
  if (arguments.on("experiments")) {
    list_experiments(arguments.on("json"));
    return base::Exit::ok;
  }
  const catalog::Catalog catalog(catalog::search_path(arguments.text("plugin_path")));
  const bool all = arguments.on("all");
  base::Table table = {{"KIND", "ID", "NAME", "VERSION", all ? "STATE" : "SUMMARY"}};
  if (all) table.front().push_back("WHERE OR WHY");
  auto json = Json::array();
  size_t broken = 0;
  for (const auto& entry : entries_of(catalog)) {
    broken += entry.state == catalog::CatalogEntry::State::broken ? 1U : 0U;
    if (!all && entry.state != catalog::CatalogEntry::State::usable) continue;
    table.push_back(entry_row(entry, all));
    json.push_back(entry_json(entry));
  }
  std::stable_sort(table.begin() + 1, table.end(),
                   [](const base::TableRow& a, const base::TableRow& b) { return a[0] > b[0]; });
  if (arguments.on("json")) {
    fmt::print("{}\n", json.dump(2));
    return base::Exit::ok;
  }
  fmt::print("{}", base::format_table(table));
  if (!all && broken > 0)
    fmt::print(stderr, "sage-host: {} manifest{} cannot be used; 'sage-host list --all' says why\n", broken,
               broken == 1 ? "" : "s");
  return base::Exit::ok;
}

base::Exit describe_command(const Command& command, std::span<const std::string> args) {
  const auto& flags = describe_flags();
  const auto arguments = parse_arguments(args, flags, command.name, 1);
  if (arguments.help) {
    fmt::print("{}", command_help(command, flags));
    return base::Exit::ok;
  }
  if (arguments.positional.empty()) throw base::usage_error("describe: which one? 'sage-host list' shows the ids");
  const auto catalog = catalog::open_catalog(arguments.text("plugin_path"));
  fmt::print("{}", description(find_any(catalog, arguments.positional[0])));
  return base::Exit::ok;
}

}  // namespace host::cli
