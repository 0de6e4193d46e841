// What a `run` command line means: the cells to run, checked as far as that is possible without loading code.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/cell_spec.hpp"
#include "cli/commands.hpp"
#include "cli/search_spec.hpp"
#include "cli/settings.hpp"

namespace host {

struct PlannedCell {
  CellSpec spec;                     // run id and folders are set when it starts
  Settings settings;                 // with where each value came from
  std::optional<SearchSpec> search;  // the workload asks for runs at one rate after the other, instead of one run
};

struct SkippedWorkload {
  std::string id;
  std::string reason;
};

struct RunPlan {
  std::vector<PlannedCell> cells;        // one a workload
  std::vector<SkippedWorkload> skipped;  // --all: what the backend cannot run
  int64_t repeat = 1;
  std::filesystem::path output_dir;
  std::string resume;  // the id of a search to go on with; empty = none
  bool dry_run = false;
  bool json = false;
};

// Nothing if --help was asked for, and printed. Throws Error.
std::optional<RunPlan> plan_run(const Command& command, std::span<const std::string> args);

std::string plan_text(const RunPlan& plan);
nlohmann::json plan_json(const RunPlan& plan);

}  // namespace host
