// Does a plugin do what docs/abi.md asks of it? Asked of short runs of it, each in a process of its own, and of calls
// to it alone, each question in a process of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "catalog/manifest.hpp"
#include "cell/supervise.hpp"

namespace host::conformance {

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

// The runs go into folders below `scratch`; what is drawn is drawn from `seed`. `only`: names of requirements; empty =
// all. `tell` gets a finding for each, in their order, as soon as there is one.
void try_plugin(const catalog::Manifest& plugin, const catalog::Catalog& catalog, const std::filesystem::path& scratch,
                uint64_t seed, const std::vector<std::string>& only, cell::StopSignals& stop,
                const std::function<void(Finding)>& tell);

}  // namespace host::conformance
