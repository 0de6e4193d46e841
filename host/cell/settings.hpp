// The options of a cell: who declares them, what the user gave, and what follows.
//   manifest defaults (with the quick ones under --quick) < --config < --set < flags
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "catalog/flag.hpp"
#include "catalog/manifest.hpp"

namespace host::cell {

// What `run` itself declares beside load_options(): workload, backend, nodes, seed, ...
const std::vector<catalog::Flag>& run_flags();
const catalog::OptionSpec& run_option(std::string_view name);
// Of those, what decides which files are read or what is printed has to stand on the command line itself.
bool command_line_only(std::string_view name);
// Those of a command, the host's load options (with the defaults of the workload, if it is one), and the plugins' own.
// A plugin's option that has the name of a command's flag has to be qualified.
std::vector<catalog::Flag> all_flags(std::span<const catalog::Flag> command_flags,
                                     std::span<const catalog::Manifest* const> plugins);
// The host's load options with a manifest's [defaults] in place. Throws Error(usage) for a default that is not valid.
std::vector<catalog::OptionSpec> load_specs(const catalog::Manifest& workload);

// A value for "key" or "id.key".
catalog::Given given_of(std::string_view key, std::string text, std::string source);
// "key=value" or "id.key=value" of --set.
catalog::Given parse_set(const std::string& text);
// The entries of a TOML file: top-level keys, and tables named after a plugin for options of that plugin.
std::vector<catalog::Given> read_config(const std::filesystem::path& file);

// Refuses a manifest whose option has the name of a host flag.
void refuse_host_names(const catalog::Manifest& manifest);
// Refuses names that no one declares (with the nearest) and names that several declare (with the qualified forms).
// `plugins`: the workloads and backends that take part; `known_ids`: those that a qualified name may refer to.
void check_names(std::span<const catalog::Given> given, std::span<const catalog::Manifest* const> plugins,
                 const std::vector<std::string>& known_ids, std::span<const catalog::Flag> command_flags = run_flags());

struct Setting {
  catalog::OptionValue value;
  std::string source;  // "--rate", "run.toml:3", "q6 quick default", "default"
  bool given = false;  // by the user
};
using SettingMap = std::map<std::string, Setting>;

struct Settings {
  SettingMap shared;  // the command's own
  SettingMap load;
  SettingMap workload;
  SettingMap backend;
};

// Later ones of `given` win; those that concern another plugin are passed over (names were checked before).
Settings resolve(std::span<const catalog::Given> given, const catalog::Manifest& workload,
                 const catalog::Manifest& backend, std::span<const catalog::Flag> command_flags = run_flags());

catalog::OptionValues values(const SettingMap& settings);
template <class T>
const T& get(const SettingMap& settings, const std::string& name) {
  return std::get<T>(settings.at(name).value);
}

}  // namespace host::cell
