// A paired run: workloads on several backends, repetition by repetition, in the same schedule. As data.
//   <output-dir>/run_id=<run id>/state.json
//   <output-dir>/run_id=<run id>/config_hash=<12 hex>/     one such folder for each workload
//     cells/<repetition>-<backend>/    the complete folder of each run
//     backends/<backend>/              unified_results.{jsonl,csv}: all its repetitions, in order
//     comparison/, logs/, manifest.json, failure_report.json (if something went wrong)
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "catalog/catalog.hpp"
#include "experiment/experiment.hpp"
#include "experiment/run_lock.hpp"
#include "experiment/run_plan.hpp"

namespace host::experiment {

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
  Orders order = {};  // of the backends
  std::string started_at = {};
  nlohmann::json parity = nullptr;      // whether the outputs agree, once that was looked at
  nlohmann::json comparison = nullptr;  // exit code of the comparison, once there is one
};

struct PairRun {
  std::string run_id;
  std::filesystem::path root;  // run_id=...
  std::vector<PairWorkload> workloads;
  std::vector<std::string> backends;
  Experiment experiment;  // its points are the workloads, its sides the backends
  nlohmann::ordered_json recorded = nlohmann::ordered_json::array();  // of experiment.planned, as its state has it
  std::vector<SkippedWorkload> skipped;
  uint32_t repeat = 1;
  double cooldown_s = 1;
  PairComparison comparison;
  std::vector<std::string> command_line;
  std::string plugin_path;      // as given
  std::optional<RunLock> lock;  // of root, from when something is read or written there
  bool resumed = false;
  bool trust_record = false;  // as plan_again takes it
  bool dry_run = false;
  bool json = false;

  [[nodiscard]] const PlannedCell& plan_of(size_t workload, size_t backend) const {
    return experiment.planned[workload * backends.size() + backend];
  }
  [[nodiscard]] std::filesystem::path folder(size_t workload) const;
  [[nodiscard]] std::string cell_name(const Cell& cell) const;
  // The command that goes on with it.
  [[nodiscard]] std::string resume_command() const;
};

// What the command line says beside the plan.
struct PairArguments {
  std::filesystem::path output_dir;
  std::string resume;  // id or folder of the run to go on with; empty = a new one
  std::string plugin_path;
  std::vector<std::string> command_line;
  bool trust_record = false;
  bool dry_run = false;
  bool json = false;
};

// Without a plan, which only --resume allows, what is to run is in the run's own state. Throws Error; nothing has been
// written.
PairRun plan_pair(PairArguments arguments, std::optional<RunPlan> plan);
// Runs what is pending, or with dry_run tells what that would be. Throws Error.
base::Exit run_pair(PairRun& run);

// Workloads, backends and orders of a plan. Throws Error if it is not one of a pair.
void set_plan(PairRun& run, RunPlan&& plan);
// All cells, pending, in the orders of the workloads.
void set_cells(PairRun& run);

std::string pair_text(const PairRun& run);
nlohmann::ordered_json pair_json(const PairRun& run);

// How far it has got: state.json, which --resume reads, and manifest.json of each workload, for people and programs.
void write_pair_progress(const PairRun& run);
void write_pair_state(const PairRun& run);
// Takes orders, ids and what has ended from the state in `root` into `run`, whose plan must be the same. `run` without
// a plan gets it from there. Throws Error(usage) that says what differs.
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
