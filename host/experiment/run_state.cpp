#include "experiment/run_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "base/output_file.hpp"
#include "base/quote.hpp"
#include "cell/run_folder.hpp"
#include "experiment/recorded_options.hpp"
#include "experiment/state.hpp"
#include "records/run_id.hpp"

namespace host::experiment {
namespace {

namespace fs = std::filesystem;

nlohmann::ordered_json recorded(const RunPlan& plan) {
  return {{"repeat", plan.repeat}, {"planned", recorded_plan(plan.cells)}};
}

std::string new_id(const RunPlan& plan) {
  auto hashes = nlohmann::json::array();
  for (const auto& cell : plan.cells) hashes.push_back(cell.spec.config_hash);
  return fmt::format("run-{}-{}", records::utc_compact(std::chrono::system_clock::now()),
                     base::short_hash(base::config_hash(hashes)));
}

std::string result_hash(const fs::path& output_dir, const std::string& run_id) {
  const auto file = output_dir / run_id / "unified_results.jsonl";
  std::error_code error;
  return fs::is_regular_file(file, error) ? base::sha256_file(file) : std::string();
}

bool is_name(const std::string& id) { return !id.empty() && id[0] != '.' && id.find('/') == std::string::npos; }

}  // namespace

fs::path resumed_folder(const fs::path& output_dir, const std::string& id) {
  const auto folder = fs::absolute(output_dir / id).lexically_normal();
  if (!is_name(id) || !State::exists(folder))
    throw base::usage_error(
        fmt::format("--resume {}: there is neither a run of several cells nor a search of that id in {}; 'ls {}' shows "
                    "what there is",
                    base::one_line(id), output_dir.string(), output_dir.string()));
  return folder;
}

std::string resumed_type(const fs::path& folder) {
  const State state(folder);
  if (state.type() != "run" && state.type() != "search")
    state.bad(fmt::format("is of a {}, which 'run' cannot go on with", base::one_line(state.type())));
  return state.type();
}

RunPlan resumed_plan(const fs::path& folder, const catalog::Catalog& catalog,
                     const std::vector<std::string>& command_line, bool trust_record) {
  const State state(folder);
  RunPlan plan;
  plan.cells = plan_again(state, catalog, command_line, trust_record);
  plan.output_dir = folder.parent_path();
  plan.resume = folder.filename().string();
  if (state.type() == "run") plan.repeat = state.get<uint32_t>(state.plan(), "repeat");
  if (plan.repeat < 1 || plan.repeat > 100'000) state.bad("'repeat' is out of range");
  return plan;
}

RunState::RunState(const RunPlan& plan, const Experiment& experiment) : plan_(recorded(plan)) {
  const cell::RunFolder made(plan.output_dir, new_id(plan));
  folder_ = made.path();
  lock_.emplace(folder_);
  write(experiment);
}

RunState::RunState(const fs::path& folder, const RunPlan& plan, Experiment& experiment)
    : folder_(folder), plan_(recorded(plan)) {
  lock_.emplace(folder_);
  base::remove_temporary(folder_);
  const State state(folder_);
  check_same_plan(state, plan_.at("planned"));
  if (const auto repeat = state.get<uint32_t>(state.plan(), "repeat"); repeat != plan.repeat)
    throw base::usage_error(fmt::format("--resume: --repeat was {} in {} and is {} now; a run goes on as it began",
                                        repeat, state.source(), plan.repeat));
  for (auto& cell : experiment.cells)
    for (const auto& known : state.cells())
      if (known.point == cell.point && known.repetition == cell.repetition && known.state == Cell::State::ok &&
          is_name(known.run_id) && !known.files.is_null() &&
          result_hash(plan.output_dir, known.run_id) == base::text(known.files, "unified_results.jsonl"))
        cell = known;
}

void RunState::write(const Experiment& experiment) const { write_state(folder_, "run", plan_, experiment.cells); }

void RunState::end(const Experiment& experiment) {
  if (count_pending(experiment) > 0) return;
  lock_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

}  // namespace host::experiment
