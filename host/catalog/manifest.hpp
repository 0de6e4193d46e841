// A plugin's manifest: read and checked from TOML without loading any code.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/option.hpp"

namespace host::catalog {

enum class PluginKind { workload, backend };
std::string_view to_string(PluginKind kind);

struct Manifest {
  PluginKind kind = PluginKind::workload;
  std::string id;                    // lower case: "q6", "threads", "org.example.thing"
  std::string name;                  // "BurstTown"; empty = the id
  std::vector<std::string> aliases;  // "burst_priority"
  std::string version;
  int abi_minor = 0;  // required; the major is 1 (checked while reading)
  std::string summary;
  std::vector<std::string> capabilities;
  std::string search;  // a workload: "capacity" = the host searches for it; empty = a run is one run
  std::vector<std::string> required_capabilities;    // a workload: of its backend
  std::vector<std::string> required_extensions;      // of the host
  double open_timeout_s = 120;                       // a backend: most time that it may take to start
  std::map<std::string, std::string> requires_text;  // a backend: what must be installed, name -> remedy
  std::vector<OptionSpec> options;                   // sorted by name
  OptionValues defaults;                             // of the host's own options (load, duration, ...), [defaults]
  OptionValues quick_defaults;                       // [defaults.quick]
  std::filesystem::path file;                        // absolute, symlinks resolved
  std::filesystem::path library;                     // absolute
  std::string text;                                  // the TOML as read
};

// The extensions that this host has.
extern const std::vector<std::string> host_extensions;

// What is wrong with a plugin's id; empty if nothing is.
std::string id_problem(std::string_view id);

// Parses TOML text; `file` is used for messages ("q6.toml:12:3: ...") and to resolve `library`.
// Throws Error(usage): syntax, unknown keys, wrong types, abi major or minor not ours, library absolute or with "..".
Manifest parse_manifest(std::string_view text, const std::filesystem::path& file);

// parse_manifest on a file, after refusing one that is missing, or that others can write to (it or its folder).
Manifest read_manifest(const std::filesystem::path& file);

}  // namespace host::catalog
