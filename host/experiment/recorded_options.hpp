// Every option of a planned cell as it is recorded, and the way back: what `rerun` and `pair --resume` run.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "experiment/run_plan.hpp"

namespace host::experiment {

// Those of the cell, and of a search also "search_nodes".
nlohmann::json recorded_options(const cell::CellSpec& cell, const std::optional<SearchSpec>& search);

// The same cell with the plugins of this installation. Each value is checked as one from the command line; `source`
// stands for the file in messages. Throws Error(usage) also for options that this installation does not have.
PlannedCell plan_again(const catalog::Catalog& catalog, const std::string& workload, const std::string& backend,
                       const nlohmann::json& options, const std::vector<std::string>& command_line,
                       const std::string& source);

}  // namespace host::experiment
