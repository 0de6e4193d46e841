// Every option of a cell as it is recorded, and the way back: what `rerun` and `pair --resume` run.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "experiment/run_plan.hpp"

namespace host::archive {

// {"run", "load", "workload", "backend"}: name and value, defaults included; of a search also "search_nodes".
nlohmann::json recorded_options(const cell::CellSpec& cell,
                                const std::optional<experiment::SearchSpec>& search = std::nullopt);

// The same cell with the plugins of this installation. Each value is checked as one from the command line; `source`
// stands for the file in messages. Throws Error(usage) also for options that this installation does not have.
experiment::PlannedCell plan_again(const catalog::Catalog& catalog, const std::string& workload,
                                   const std::string& backend, const nlohmann::json& options,
                                   const std::vector<std::string>& command_line, const std::string& source);

}  // namespace host::archive
