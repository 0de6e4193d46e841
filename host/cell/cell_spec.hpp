// One cell: a workload on a backend, once. Everything its process needs, as data that travels as JSON.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "catalog/manifest.hpp"
#include "cell/settings.hpp"

namespace host::cell {

struct CellSpec {
  std::string workload;  // id
  std::string backend;   // id
  std::filesystem::path workload_manifest;
  std::filesystem::path backend_manifest;
  uint64_t seed = 42;
  uint32_t nodes = 1;
  uint32_t parallelism = 2;
  std::string scheduler = "default";
  bool quick = false;
  bool verbose = false;
  bool quiet = false;  // one of many: nothing on the terminal
  bool virtual_time = false;
  double interval_s = 1;
  double open_timeout_s = 120;
  double max_duration_s = 0;         // as asked; 0 = by what is planned
  double trace_s = 0;                // of the trace, from its first row to its last
  std::string request_log = "none";  // none | jsonl | binary
  double request_sample = 1;
  uint32_t parity_batch_size = 16;
  uint64_t parity_check = 1000;
  catalog::OptionValues load;
  catalog::OptionValues workload_options;
  catalog::OptionValues backend_options;
  nlohmann::json config;  // what config_hash is made of
  std::string config_hash;
  std::map<std::string, std::string> files;  // SHA-256 by path, of what it will read: manifests, libraries, trace
  std::vector<std::string> command_line;
  std::vector<std::string> warnings = {};  // for who planned it, not for its process
  nlohmann::json pair;  // {"run_id", "block", "repetition", "position"}: its place in a paired run; null = of none
  nlohmann::json experiment;  // its side and point in an experiment, as records have it; null = of none
  // Set when the cell is about to start.
  std::string run_id;
  std::filesystem::path folder;
  std::filesystem::path scratch_dir;
};

// Also checks what no single option can: the load's combinations, the trace file, the pairing.
CellSpec make_cell(const Settings& settings, const catalog::Manifest& workload, const catalog::Manifest& backend,
                   const std::vector<std::string>& command_line);

// Why that many requests in flight may not fit into memory; empty if they do. Throws Error(usage) where not even the
// host's own table of them does.
std::string memory_note(uint64_t max_in_flight, std::optional<double> memory_gb);

// Refuses when one of its files is not what it was planned with. A trace, or a plugin that is built anew while many
// cells run, would make repetitions of different things. The host itself cannot change: cells are processes of its
// image.
void check_files(const CellSpec& cell);

// The load has ended by then, or is ended: as asked, or far more than what is planned.
double longest_s(const CellSpec& cell);

// The options of a plugin with the run's shared ones, as given to its `create`.
nlohmann::json plugin_config(const CellSpec& cell, const catalog::OptionValues& options);
// Those of the backend, with the time that it may take to open.
nlohmann::json backend_config(const CellSpec& cell);
// Those of the workload, with what its backend can do: it may offer a part of itself that every backend can run.
nlohmann::json workload_config(const CellSpec& cell, const catalog::Manifest& backend);

// {"run", "load", "workload", "backend"}: name and value of every option, defaults included, as recorded.
nlohmann::json recorded_options(const CellSpec& cell);

nlohmann::json to_json(const CellSpec& cell);
CellSpec cell_from_json(const nlohmann::json& json);

}  // namespace host::cell
