// The experiments that come with the installation: TOML files of a folder beside the plugins, found by name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace host::catalog {

struct Preset {
  std::string name;  // of the file, without .toml
  std::filesystem::path file;
  std::string title, question;
  std::string workload, backend;
  uint64_t cells = 0, quick_cells = 0;  // sides x points x repetitions
};

// <folder of the executable>/../share/sage-host/experiments, of the build or install tree alike; empty if nobody knows
// where the executable lies.
std::filesystem::path preset_folder();
// By name. Of each file only what is listed is read: the experiment's own reader checks the others. Throws Error(usage)
// for a file that is no experiment.
std::vector<Preset> read_presets(const std::filesystem::path& folder);
// Throws Error(usage) with the nearest name.
std::filesystem::path find_preset(std::string_view name);

}  // namespace host::catalog
