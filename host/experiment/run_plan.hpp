// What the command line of `run` or `pair` means: the cells to run, checked as far as that is possible without loading
// code.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cell/cell_spec.hpp"
#include "cell/settings.hpp"
#include "cli/commands.hpp"
#include "experiment/search_spec.hpp"

namespace host::experiment {

struct PlannedCell {
  cell::CellSpec spec;               // run id and folders are set when it starts
  cell::Settings settings;           // with where each value came from
  std::optional<SearchSpec> search;  // the workload asks for runs at one rate after the other, instead of one run
};

struct SkippedWorkload {  // --all: what a backend cannot run
  std::string id;
  std::string reason;
};

struct RunPlan {
  std::vector<PlannedCell> cells;  // one for each workload and backend, those of a workload together
  std::vector<SkippedWorkload> skipped;
  int64_t repeat = 1;
  std::filesystem::path output_dir;
  std::string resume;  // the id of a search to go on with; empty = none
  bool dry_run = false;
  bool json = false;
};

// The elements of "a,b".
std::vector<std::string> split_list(std::string_view text);

// `flags` are the command's own: run_flags(), or those with `backends` in the place of `backend`. Nothing if --help was
// asked for, and printed. Throws Error.
std::optional<RunPlan> plan_run(const cli::Command& command, std::span<const std::string> args,
                                std::span<const catalog::Flag> flags);

PlannedCell plan_cell(cell::Settings settings, const catalog::Manifest& workload, const catalog::Manifest& backend,
                      const std::vector<std::string>& command_line);

std::string plan_text(const RunPlan& plan);
nlohmann::json plan_json(const RunPlan& plan);

}  // namespace host::experiment
