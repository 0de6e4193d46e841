// A paired run: workloads on several backends, repetition by repetition, in the same schedule. As data.
//   <output-dir>/run_id=<run id>/config_hash=<12 hex>/     one such folder for each workload
//     cells/<repetition>-<backend>/    the complete folder of each run
//     backends/<backend>/              unified_results.{jsonl,csv}: all its repetitions, in order
//     comparison/, logs/, manifest.json, failure_report.json (if something went wrong)
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "cli/commands.hpp"
#include "experiment/run_plan.hpp"

namespace host::experiment {

struct PairCell {
  enum class State { pending, ok, invalid, failed };
  size_t workload = 0;      // index of PairRun::workloads
  size_t backend = 0;       // index of PairRun::backends
  uint32_t repetition = 1;  // and block: each block is one repetition of everything
  uint32_t position = 1;    // among the backends of its workload in that block
  State state = State::pending;
  int exit_code = 0;
  std::string reason = {};  // empty if it is ok
  std::string signal = {};
  std::string place = {};
  std::string run_id = {};
  double seconds = 0;         // the cell's process
  nlohmann::json files = {};  // SHA-256 by path below its folder
};
const char* to_string(PairCell::State state);

// How the backends are compared in the end.
struct PairComparison {
  std::string baseline;  // a backend
  std::string margin = "5%";
  std::string gate;
  bool gate_lenient = false;
};

struct PairWorkload {
  std::string id = {};
  std::string config_hash = {};
  std::vector<std::vector<size_t>> order = {};  // of the backends, by block
  std::string started_at = {};
  nlohmann::json environment = {};      // by backend
  nlohmann::json parity = nullptr;      // whether the outputs agree, once that was looked at
  nlohmann::json comparison = nullptr;  // exit code of the comparison, once there is one
};

struct PairRun {
  std::string run_id;
  std::filesystem::path root;  // run_id=...
  std::vector<PairWorkload> workloads;
  std::vector<std::string> backends;
  std::vector<PlannedCell> planned;  // by workload, then backend
  std::vector<PairCell> cells;       // in the order in which they run
  std::vector<SkippedWorkload> skipped;
  uint32_t repeat = 1;
  double cooldown_s = 1;
  PairComparison comparison;
  std::vector<std::string> command_line;
  std::string plugin_path;  // as given
  bool resumed = false;
  bool dry_run = false;
  bool json = false;

  [[nodiscard]] const PlannedCell& plan_of(const PairCell& cell) const {
    return planned[cell.workload * backends.size() + cell.backend];
  }
  [[nodiscard]] std::filesystem::path folder(size_t workload) const;
  [[nodiscard]] std::string cell_name(const PairCell& cell) const;
  // The command that goes on with it.
  [[nodiscard]] std::string resume_command() const;
};

// Nothing if --help was asked for, and printed. Throws Error; nothing has been written.
std::optional<PairRun> plan_pair(const cli::Command& command, std::span<const std::string> args);
// The whole command. Throws base::Error.
base::Exit run_pair(const cli::Command& command, std::span<const std::string> args);
// All cells of the orders, pending.
std::vector<PairCell> cells_of(const PairRun& run);

std::string pair_text(const PairRun& run);
nlohmann::ordered_json pair_json(const PairRun& run);

// manifest.json of each workload, each written beside its place and renamed.
void write_pair_manifests(const PairRun& run);
// Takes orders, ids and what has ended from the manifests of `root` into `run`, whose plan must be the same. `run`
// without a plan gets it from there. Throws Error(usage) that says what differs.
void take_up(PairRun& run, const catalog::Catalog& catalog, const std::vector<std::string>& command_line);

// What the cells left, brought together: backends/ and logs/.
void write_pair_results(const PairRun& run, size_t workload);
// Whether backends and repetitions gave the same output; {"equal", "differences"}.
nlohmann::json check_pair_parity(const PairRun& run, size_t workload);
// failure_report.json, or its removal if there is nothing to report. True if it was written.
bool write_failure_report(const PairRun& run, size_t workload);

// The records of a cell, as its folder has them.
std::vector<nlohmann::ordered_json> read_records(const std::filesystem::path& folder);

}  // namespace host::experiment
