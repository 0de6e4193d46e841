// What was planned as it is recorded, and the way back: what `rerun` and `--resume` run.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "experiment/run_plan.hpp"
#include "experiment/state.hpp"

namespace host::experiment {

// Those of the cell, and of a search also "search_nodes".
nlohmann::json recorded_options(const cell::CellSpec& cell, const std::optional<SearchSpec>& search);

// The same cell with the plugins of this installation. Each value is checked as one from the command line; `source`
// stands for the file in messages. Throws Error(usage) also for options that this installation does not have, and
// unless `trust_record` for those that decide whose code runs (OptionSpec::by_user): a record is data, whoever wrote
// it.
PlannedCell plan_again(const catalog::Catalog& catalog, const std::string& workload, const std::string& backend,
                       const nlohmann::json& options, const std::vector<std::string>& command_line,
                       const std::string& source, bool trust_record);

// Throws Error(usage) for the first option of the plugin that decides whose code runs and is not as by default.
void refuse_to_trust(const cell::SettingMap& settings, const catalog::Manifest& plugin, const std::string& source);

// The `planned` of a state: for each cell its workload, backend, configuration with its hash, options, and environment
// (records::RunInfo), which is looked up now.
nlohmann::ordered_json recorded_plan(const std::vector<PlannedCell>& planned);
// The way back.
std::vector<PlannedCell> plan_again(const State& state, const catalog::Catalog& catalog,
                                    const std::vector<std::string>& command_line, bool trust_record);
// Throws Error(usage) that says what differs between what began and what is planned now.
void check_same_plan(const State& state, const nlohmann::ordered_json& now);

}  // namespace host::experiment
