// What is asked of a plugin, as data; and what short runs of it showed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "catalog/manifest.hpp"
#include "cell/cell_report.hpp"

namespace host::conformance {

// Why a run was made.
enum class Purpose {
  load,       // of a workload of the catalog, or on a backend
  keys,       // requests of one key in order, on two nodes if it claims nodes
  burst,      // all at once, with priorities and deadlines, under each scheduler that it claims
  fuzz,       // keys, sizes, priorities and payloads of all kinds
  classes,    // on nodes of different speeds and abilities
  events,     // each control event that it claims
  misuse,     // those events, with arguments that cannot be
  giving_up,  // most requests run into their time limit
};

// A run, and what is in its record.
struct Seen {
  Purpose purpose = Purpose::load;
  std::string with;            // what it was with: "q1"
  std::string scheduler = {};  // of a burst
  cell::CellReport report = {};
  nlohmann::json record = {};  // `metadata`; null = it left none

  [[nodiscard]] uint64_t count(const char* pointer) const {
    const nlohmann::json::json_pointer at(pointer);
    return record.contains(at) && record[at].is_number() ? record[at].get<uint64_t>() : 0;
  }
  [[nodiscard]] bool finished() const { return record.is_object() && record.contains("ledger"); }
};

struct Evidence {
  const catalog::Manifest& plugin;
  std::vector<Seen> runs;
  [[nodiscard]] bool can(std::string_view capability) const {
    return std::ranges::find(plugin.capabilities, capability) != plugin.capabilities.end();
  }
};

// Thrown by a requirement that cannot be told.
struct Skip {
  std::string why;
};

// Read from the records of the runs. `problem`: empty = it is kept.
struct Requirement {
  const char* name;
  const char* text;
  const char* remedy;
  std::string (*problem)(const Evidence&);
};
std::span<const Requirement> backend_requirements();
std::span<const Requirement> workload_requirements();

// Seen by calling the plugin without a run, in a child process that has `limit_s`.
struct CallCase {
  const catalog::Manifest& plugin;
  std::filesystem::path partner;  // the library of what a backend is tried with
  std::filesystem::path scratch;
  uint64_t seed;
};
struct CallRequirement {
  const char* name;
  const char* text;
  const char* remedy;
  int limit_s;
  bool by_running;  // that a run does not come to its end is for the requirement "runs" to tell
  std::string (*problem)(const CallCase&);
};
std::span<const CallRequirement> call_requirements(catalog::PluginKind kind);

}  // namespace host::conformance
