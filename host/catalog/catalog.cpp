#include "catalog/catalog.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "catalog/trusted_file.hpp"

namespace host::catalog {

namespace {

namespace fs = std::filesystem;
using State = CatalogEntry::State;

CatalogEntry broken(const fs::path& file, const std::string& reason) {
  return {State::broken, file, reason, std::nullopt};
}

CatalogEntry read_entry(const fs::path& file) {
  try {
    return {State::usable, file, "", read_manifest(file)};
  } catch (const base::Error& e) {
    return broken(file, e.what());
  }
}

// Files named *.toml, sorted. Hidden ones are editors' (".#q6.toml").
std::vector<fs::path> manifest_files(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const auto& item : fs::directory_iterator(folder))
    if (item.path().extension() == ".toml" && !item.path().filename().string().starts_with('.'))
      out.push_back(item.path());
  std::ranges::sort(out);
  return out;
}

// Everything in a folder; nothing for one that does not exist, since most of a search path usually does not.
void read_folder(const fs::path& folder, std::vector<CatalogEntry>& out) {
  std::error_code missing;
  if (!fs::exists(folder, missing) && !missing) return;
  try {
    refuse_others(folder, "folder");
    for (const auto& file : manifest_files(folder)) out.push_back(read_entry(file));
  } catch (const base::Error& e) {
    out.push_back(broken(folder, e.what()));
  } catch (const fs::filesystem_error& e) {
    out.push_back(broken(folder, fmt::format("folder {}: {}", base::one_line(folder.string()), e.code().message())));
  }
}

void shadow(CatalogEntry& entry, const std::string& reason) {
  entry.state = State::shadowed;
  entry.reason = reason;
}

using Owners = std::map<std::pair<PluginKind, std::string>, const CatalogEntry*>;

std::string owner_text(const CatalogEntry& owner) {
  return fmt::format("{} {} ({})", to_string(owner.manifest->kind), owner.manifest->id, owner.file.string());
}

// First id wins. A name or an alias that is another's id, or that one before has too, finds that other one: it is lost,
// its plugin is not.
void resolve_clashes(std::vector<CatalogEntry>& entries) {
  Owners ids;
  for (auto& entry : entries) {
    if (entry.state != State::usable) continue;
    const auto [owner, fresh] = ids.emplace(std::pair(entry.manifest->kind, entry.manifest->id), &entry);
    if (!fresh) shadow(entry, fmt::format("{} comes first", owner->second->file.string()));
  }
  Owners aliases;
  for (auto& entry : entries) {
    if (entry.state != State::usable) continue;
    const auto& manifest = *entry.manifest;
    std::set<std::string> names;
    for (const auto& alias : manifest.aliases) names.insert(base::to_lower(alias));
    if (!manifest.name.empty()) names.insert(base::to_lower(manifest.name));
    names.erase(manifest.id);
    for (const auto& name : names) {
      const auto key = std::pair(manifest.kind, name);
      const auto id = ids.find(key);
      const auto owner = id != ids.end() ? id : aliases.emplace(key, &entry).first;
      if (owner->second == &entry)
        entry.names.insert(name);
      else
        entry.reason += fmt::format("{}its alias '{}' means {}", entry.reason.empty() ? "" : "; ", name,
                                    owner_text(*owner->second));
    }
  }
}

}  // namespace

Catalog::Catalog(const std::vector<fs::path>& folders) {
  std::set<fs::path> seen;
  for (const auto& folder : folders) {
    std::error_code error;
    const auto real = fs::weakly_canonical(folder, error);
    if (seen.insert(error ? folder : real).second) read_folder(folder, entries_);
  }
  resolve_clashes(entries_);
}

const Manifest& Catalog::find(PluginKind kind, std::string_view name) const {
  const auto wanted = base::to_lower(name);
  for (const auto& entry : entries_) {
    if (entry.state == State::usable && entry.manifest->kind == kind &&
        (entry.manifest->id == wanted || entry.names.contains(wanted)))
      return *entry.manifest;
    // A broken file says nothing certain about itself, so its name counts. It also hides those after it: falling back
    // to another version in silence would be worse.
    if (entry.state == State::broken && base::to_lower(entry.file.stem().string()) == wanted)
      throw base::usage_error(entry.reason);
  }

  std::vector<std::string> ids, names;
  for (const auto* manifest : all(kind)) {
    ids.push_back(manifest->id);
    names.push_back(manifest->id);
    if (!manifest->name.empty()) names.push_back(manifest->name);
    names.insert(names.end(), manifest->aliases.begin(), manifest->aliases.end());
  }
  auto text = fmt::format("no {} {}", to_string(kind), base::in_quotes(name));
  const auto meant = base::nearest(name, names);
  if (meant) text += fmt::format("; did you mean {}?", base::in_quotes(*meant));
  text += ids.empty() ? "; none was found" : fmt::format("; known: {}", fmt::join(ids, ", "));
  if (!meant) text += "; add folders with --plugin-path";
  const auto broken_count = std::ranges::count(entries_, State::broken, &CatalogEntry::state);
  if (broken_count > 0) text += fmt::format("; {} more cannot be used, see sage-host list --all", broken_count);
  throw base::usage_error(text);
}

std::vector<const Manifest*> Catalog::all(PluginKind kind) const {
  std::vector<const Manifest*> out;
  for (const auto& entry : entries_)
    if (entry.state == State::usable && entry.manifest->kind == kind) out.push_back(&*entry.manifest);
  std::ranges::sort(out, {}, [](const Manifest* m) -> const std::string& { return m->id; });
  return out;
}

void check_pairing(const Manifest& workload, const Manifest& backend) {
  std::vector<std::string> lacking;
  for (const auto& capability : workload.required_capabilities)
    if (std::ranges::find(backend.capabilities, capability) == backend.capabilities.end())
      lacking.push_back(capability);
  if (lacking.empty()) return;
  throw base::usage_error(
      fmt::format("workload {} requires {} of its backend, which {} lacks; choose another with --backend", workload.id,
                  fmt::join(lacking, ", "), backend.id));
}

void check_scheduler(const std::string& scheduler, const Manifest& backend) {
  constexpr std::string_view prefix = "scheduler.";
  if (scheduler == "default") return;
  std::vector<std::string> offered;
  for (const auto& capability : backend.capabilities)
    if (capability.starts_with(prefix)) offered.push_back(capability.substr(prefix.size()));
  if (std::ranges::find(offered, scheduler) != offered.end()) return;
  offered.emplace_back("default");
  throw base::usage_error(fmt::format("backend {} has no scheduler {}; --scheduler must be {}", backend.id,
                                      base::in_quotes(scheduler), fmt::join(offered, ", ")));
}

void check_nodes(uint64_t nodes, const Manifest& backend) {
  if (nodes <= 1 || std::ranges::find(backend.capabilities, "nodes") != backend.capabilities.end()) return;
  throw base::usage_error(
      fmt::format("backend {} runs on one node, not on {}; use --nodes 1, or a backend with the capability 'nodes'",
                  backend.id, nodes));
}

}  // namespace host::catalog
