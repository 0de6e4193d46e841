// An experiment of a file: sides x points x blocks, in balanced order. As data.
//   <output-dir>/<run id>/state.json, experiment.toml
//     cells/<point>-<name of the point>-<side>-<repetition>/   the complete folder of each run, or search
//     unified_results.{jsonl,csv}                              the records of all of them
//     comparison/                                              what `compare` writes
//     cells.csv, results.sqlite                                one row a cell, scope and metric
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "compare/stop_rule.hpp"
#include "experiment/experiment.hpp"
#include "experiment/experiment_file.hpp"
#include "experiment/run_lock.hpp"

namespace host::experiment {

struct Point {
  std::string name;                                                  // "rate = 20, nodes = 1"; "all" where there is one
  nlohmann::ordered_json values = nlohmann::ordered_json::object();  // by name of the axis, in the order of the file
  std::vector<catalog::Given> given = {};
};

// The file, and what the command line says beside it: all that a plan is made of.
struct ExperimentArguments {
  std::string text;              // of the file
  std::filesystem::path file;    // where it lies: of messages, and what plugin paths in it are relative to
  std::string backend;           // of sides that name none; empty = the file's
  std::vector<std::string> set;  // KEY=VALUE, over what the file says
  std::string plugin_path;
  bool quick = false;
  std::vector<std::string> command_line = {};
  // Where the text was recorded, if that is all we have: a record is data, whoever wrote it, so it may not decide whose
  // code runs (plugin paths of sides, options as OptionSpec::by_user says). Empty = it is the user's own.
  std::string record = {};
};

struct ExperimentRun {
  std::string run_id;
  std::filesystem::path root;
  ExperimentArguments arguments;
  ExperimentFile file;
  std::vector<Point> points;
  std::vector<std::string> sides;
  Experiment experiment;
  std::vector<Orders> orders;  // of each point, as many blocks as it has so far
  std::optional<compare::StopRule> until;
  nlohmann::ordered_json planned = {};       // as the state has them, looked up once: each point's sides,
  nlohmann::ordered_json environments = {};  // and what each side runs in
  double spent_s = 0;                        // by cells that ended, in all processes
  std::string stopped;  // why there are fewer blocks than planned: "time_max"; empty = there are not
  std::optional<RunLock> lock = {};
  bool resumed = false;

  [[nodiscard]] std::string cell_name(const Cell& cell) const;
  [[nodiscard]] std::filesystem::path folder(const Cell& cell) const { return root / "cells" / cell_name(cell); }
  // Below root, as the state names it.
  [[nodiscard]] std::string results_of(const Cell& cell) const {
    return "cells/" + cell_name(cell) + "/unified_results.jsonl";
  }
  [[nodiscard]] std::string resume_command() const;
  [[nodiscard]] const cell::CellSpec& spec_of(size_t point, size_t side) const {
    return experiment.planned[point * sides.size() + side].spec;
  }
};

constexpr size_t most_cells = 100'000;

// Sides, points and cells of the file, each checked. Throws Error; nothing has been written.
ExperimentRun plan_experiment(ExperimentArguments arguments);
// As many blocks of a point as asked, and the cells of all points anew; those that ended stay as they are.
void set_blocks(ExperimentRun& run, const std::vector<size_t>& blocks);

// `experiment` of a cell's record.
nlohmann::json record_json(const ExperimentRun& run, const Cell& cell);

// Runs what is pending, tells how it goes, and compares in the end.
base::Exit run_experiment(ExperimentRun& run);

// The cells in their order and about how long they take, for people and for programs.
std::string experiment_text(const ExperimentRun& run);
nlohmann::ordered_json experiment_json(const ExperimentRun& run);

// What the state tells of the plan. Looks at plugins and machine.
void record_plan(ExperimentRun& run);
// state.json.
void write_experiment_state(const ExperimentRun& run);
// What the state in `root` was planned from; the text of the file is the one recorded there.
ExperimentArguments recorded_arguments(const std::filesystem::path& root, bool trust_record);
// Takes what has ended from the state in run.root, whose plan must be the same. Throws Error(usage) that says what
// differs.
void take_up(ExperimentRun& run);

// How many blocks each point needs by what is known: those of the first stage, and when they have ended what the width
// that is asked for takes.
std::vector<size_t> blocks_wanted(const ExperimentRun& run);
// "latency_p99 of ray / sage at rate = 20: 1.04 [1.00, 1.08], +-3.8 % with 9 repetitions": a line for each point and
// candidate, which also says when that is wider than was asked for.
std::vector<std::string> width_lines(const ExperimentRun& run);

}  // namespace host::experiment
