// `pair`: workloads on several backends, in interleaved repetitions.
#include "cli/commands.hpp"
#include "experiment/pair_run.hpp"

namespace host::cli {

base::Exit pair_command(const Command& command, std::span<const std::string> args) {
  return experiment::run_pair(command, args);
}

}  // namespace host::cli
