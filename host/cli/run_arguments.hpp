// The command line of `run` and `pair`, read into a plan.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "experiment/run_plan.hpp"

namespace host::cli {

// "sage-host run --workload q6 ...", as it is recorded.
std::vector<std::string> command_line_of(const Command& command, std::span<const std::string> args);

// `flags` are the command's own: run_flags(), or those with `backends` in the place of `backend`. Nothing if --help was
// asked for, and printed. Throws Error.
// With --resume and no workload, what runs is in the state of the run: nothing else may be given about it.
void refuse_beside_resume(const Arguments& arguments);

std::optional<experiment::RunPlan> read_plan(const Command& command, std::span<const std::string> args,
                                             std::span<const catalog::Flag> flags);

}  // namespace host::cli
