// The plugins that can be found: manifests in the order of the search path, first id wins.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/manifest.hpp"

namespace host::catalog {

// Folders in order. `plugin_path` is the value of --plugin-path ("A:B"), empty if not given. Empty and relative entries
// of the environment are skipped.
//   --plugin-path; SAGE_ADD_PLUGIN_PATH; SAGE_PLUGIN_PATH (replaces all below); $XDG_DATA_HOME/sage/manifests;
//   the build or install tree (<folder of the executable>/../lib/sage-host/plugins); $XDG_DATA_DIRS/sage/manifests
std::vector<std::filesystem::path> search_path(const std::string& plugin_path);
// A folder of the build or install tree that the executable is of; empty if nobody knows where that lies.
std::filesystem::path shipped(std::string_view below);
// That of its plugins.
std::filesystem::path shipped_plugins();

struct CatalogEntry {
  enum class State { usable, shadowed, broken };
  State state = State::usable;
  std::filesystem::path file;
  std::string reason;                // of shadowed and broken ones; of a usable one, which of its names another has
  std::optional<Manifest> manifest;  // absent only when broken
  std::set<std::string> names = {};  // lower case, beside the id, that find it: name and aliases that no other has
};

// Of the user: $HOME, else that of the password file; empty if there is neither. A relative one counts as none.
std::filesystem::path home_folder();

class Catalog {
 public:
  explicit Catalog(const std::vector<std::filesystem::path>& folders);
  [[nodiscard]] const std::vector<CatalogEntry>& entries() const { return entries_; }
  // By id, name or alias, case-insensitive. Throws Error(usage) with the nearest name, or with the reason if it is
  // broken.
  [[nodiscard]] const Manifest& find(PluginKind kind, std::string_view name) const;
  // Usable ones, sorted by id.
  [[nodiscard]] std::vector<const Manifest*> all(PluginKind kind) const;

 private:
  std::vector<CatalogEntry> entries_;
};

// Of search_path(), for whoever runs or judges with it: throws Error(usage) if a folder that the user added, or
// anything in it, cannot be used, for what would be taken in its place may be another plugin of that name.
Catalog open_catalog(const std::string& plugin_path);

// Throws Error(usage) naming each capability that the workload requires and the backend lacks.
void check_pairing(const Manifest& workload, const Manifest& backend);
// Throws Error(usage) for a scheduler that is neither "default" nor NAME of a capability "scheduler.NAME".
void check_scheduler(const std::string& scheduler, const Manifest& backend);
// Throws Error(usage) for more than one node on a backend without the capability "nodes".
void check_nodes(uint64_t nodes, const Manifest& backend);

}  // namespace host::catalog
