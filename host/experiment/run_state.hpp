// `run` with several cells: its folder, which holds no results but the state that lets it go on while it lasts.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "experiment/experiment.hpp"
#include "experiment/run_lock.hpp"
#include "experiment/run_plan.hpp"

namespace host::experiment {

// The folder that --resume names: <output_dir>/<id>. Throws Error(usage) when there is none.
std::filesystem::path resumed_folder(const std::filesystem::path& output_dir, const std::string& id);
// The type of the experiment in it: "run" or "search".
std::string resumed_type(const std::filesystem::path& folder);
// The plan as its state has it, with nothing but the output folder from the command line. `trust_record`: see
// plan_again.
RunPlan resumed_plan(const std::filesystem::path& folder, const catalog::Catalog& catalog,
                     const std::vector<std::string>& command_line, bool trust_record);

class RunState {
 public:
  // A new one, in a folder of its own in the output folder of the plan.
  RunState(const RunPlan& plan, const Experiment& experiment);
  // Goes on with the one in `folder`: cells that ended well, and lie there as they were left, are not done again.
  // Throws Error(usage) when it was of another plan, or another command works on it.
  RunState(const std::filesystem::path& folder, const RunPlan& plan, Experiment& experiment);
  void write(const Experiment& experiment) const;
  // Its folder goes when there is nothing left to go on with.
  void end(const Experiment& experiment);
  [[nodiscard]] std::string id() const { return folder_.filename().string(); }

 private:
  std::filesystem::path folder_;
  nlohmann::ordered_json plan_;
  std::optional<RunLock> lock_;
};

}  // namespace host::experiment
