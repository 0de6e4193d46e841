// What the values given to `run` or `pair` mean: the cells to run, checked as far as that is possible without loading
// code.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "catalog/flag.hpp"
#include "cell/cell_spec.hpp"
#include "cell/settings.hpp"
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
  uint32_t repeat = 1;
  std::filesystem::path output_dir;
  std::string resume;  // the id of a search to go on with; empty = none
  bool dry_run = false;
  bool json = false;
};

using Manifests = std::vector<const catalog::Manifest*>;

struct Chosen {  // what takes part; of the catalog, which outlives it
  Manifests workloads;
  Manifests backends;
  [[nodiscard]] Manifests all() const;
};

// The last text given for an option of the command itself.
std::string last_text(std::span<const catalog::Given> given, std::string_view name, std::string otherwise = {});

// `command_flags` are those that `given` may name beside the plugins' options: run_flags(), or those with `backends` in
// the place of `backend`. Both throw Error.
Chosen choose_plugins(const catalog::Catalog& catalog, std::span<const catalog::Given> given,
                      std::span<const catalog::Flag> command_flags);
RunPlan plan_run(const catalog::Catalog& catalog, const Chosen& chosen, std::span<const catalog::Given> given,
                 std::span<const catalog::Flag> command_flags, const std::vector<std::string>& command_line);

// Of one cell whose names have been checked.
PlannedCell plan_cell(cell::Settings settings, const catalog::Manifest& workload, const catalog::Manifest& backend,
                      const std::vector<std::string>& command_line);

std::string plan_text(const RunPlan& plan);
nlohmann::json plan_json(const RunPlan& plan);

}  // namespace host::experiment
