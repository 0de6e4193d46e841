// Does a plugin do what docs/abi.md asks of it? Tried on short runs of it with the shipped plugins, each in a process
// of its own, and read from their records.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "catalog/manifest.hpp"
#include "cell/supervise.hpp"

namespace host::experiment {

struct Finding {
  enum class Verdict { ok, broken, skipped };
  std::string requirement;  // its name: "ends-once"
  std::string text;         // "each request ends once"
  Verdict verdict = Verdict::ok;
  std::string detail = {};  // what was seen, or why it was skipped
  std::string remedy = {};  // of one that is broken
};
const char* to_string(Finding::Verdict verdict);

// Names of the requirements that there are for plugins of that kind.
std::vector<std::string> requirement_names(catalog::PluginKind kind);

// The runs go into folders below `scratch`. `only`: names of requirements; empty = all. A finding each, in their order.
std::vector<Finding> try_plugin(const catalog::Manifest& plugin, const catalog::Catalog& catalog,
                                const std::filesystem::path& scratch, const std::vector<std::string>& only,
                                cell::StopSignals& stop);

}  // namespace host::experiment
