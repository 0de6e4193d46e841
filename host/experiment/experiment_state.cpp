// What lets an experiment go on: the text of its file, what the command line said beside it, and its cells.
#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "base/quote.hpp"
#include "cell/process.hpp"
#include "experiment/experiment_run.hpp"
#include "experiment/state.hpp"

namespace host::experiment {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// What each point and side is, in short: the text of the file tells the rest.
Json planned_json(const ExperimentRun& run) {
  auto out = Json::array();
  for (size_t p = 0; p < run.points.size(); ++p)
    for (size_t s = 0; s < run.sides.size(); ++s) {
      const auto& spec = run.spec_of(p, s);
      out.push_back({{"point", run.points[p].name},
                     {"side", run.sides[s]},
                     {"backend", spec.backend},
                     {"config_hash", spec.config_hash},
                     {"options_hash", base::config_hash(catalog::to_json(spec.backend_options))}});
    }
  return out;
}

Json environments_json(const ExperimentRun& run) {
  auto out = Json::array();
  for (size_t s = 0; s < run.sides.size(); ++s) out.push_back(Json(cell::run_info(run.spec_of(0, s)).environment));
  return out;
}

State open(const fs::path& root) {
  if (!State::exists(root))
    throw base::usage_error(fmt::format("--resume: {} holds no state.json, so it is no experiment", root.string()));
  State state(root);
  if (state.type() != "experiment")
    state.bad(fmt::format("is of a {}, not of an experiment", base::one_line(state.type())));
  return state;
}

void check_planned(const ExperimentRun& run, const State& state) {
  const auto& was = state.list(state.plan(), "planned", most_cells);
  const nlohmann::json now = run.planned;
  if (was.size() != now.size()) state.bad("'planned' does not fit the file");
  for (size_t i = 0; i < now.size(); ++i)
    for (const auto* name : {"point", "side", "backend", "config_hash", "options_hash"})
      if (base::text(was[i], name) != base::text(now[i], name))
        throw base::usage_error(fmt::format(
            "--resume: {} of {} at {} was {} in {} and is {} now; an experiment goes on as it began, or anew", name,
            base::text(now[i], "side"), base::text(now[i], "point"), base::one_line(base::text(was[i], name)),
            state.source(), base::text(now[i], name)));
  const auto& environments = state.list(state.plan(), "environments", most_cells);
  const nlohmann::json present = run.environments;
  if (environments.size() != present.size()) state.bad("'environments' does not fit the sides");
  for (size_t s = 0; s < present.size(); ++s)
    state.check_environment(run.spec_of(0, s).backend, environments[s], present[s]);
}

// One that ended well and lies there as it was left; others are done again.
bool is_there(const ExperimentRun& run, const Cell& cell) {
  const auto file = run.root / run.results_of(cell);
  std::error_code error;
  return cell.state == Cell::State::ok && fs::is_regular_file(file, error) &&
         base::sha256_file(file) == base::text(cell.files, run.results_of(cell));
}

}  // namespace

void record_plan(ExperimentRun& run) {
  run.planned = planned_json(run);
  run.environments = environments_json(run);
}

void write_experiment_state(const ExperimentRun& run) {
  const auto& arguments = run.arguments;
  const Json plan = {{"run_id", run.run_id},
                     {"command_line", arguments.command_line},
                     {"file", arguments.file.string()},
                     {"text", arguments.text},
                     {"backend", arguments.backend},
                     {"set", arguments.set},
                     {"plugin_path", arguments.plugin_path},
                     {"quick", arguments.quick},
                     {"title", run.file.title},
                     {"sides", run.sides},
                     {"planned", run.planned},
                     {"environments", run.environments},
                     {"stopped", base::or_null(run.stopped)}};
  write_state(run.root, "experiment", plan, run.experiment.cells);
}

ExperimentArguments recorded_arguments(const fs::path& root, bool trust_record) {
  const auto state = open(root);
  const auto& plan = state.plan();
  ExperimentArguments out;
  out.text = state.get<std::string>(plan, "text");
  out.file = state.get<std::string>(plan, "file");
  out.backend = state.get<std::string>(plan, "backend");
  out.set = state.get<std::vector<std::string>>(plan, "set");
  out.quick = state.get<bool>(plan, "quick");
  if (trust_record)
    out.plugin_path = state.get<std::string>(plan, "plugin_path");
  else
    out.record = state.source();
  return out;
}

void take_up(ExperimentRun& run) {
  const auto state = open(run.root);
  run.run_id = state.get<std::string>(state.plan(), "run_id");
  record_plan(run);
  check_planned(run, state);
  std::vector<size_t> blocks(run.points.size(), run.file.repeat);
  std::vector<Cell> known;
  for (const auto& cell : state.cells()) {
    if (cell.point >= run.points.size() || cell.side >= run.sides.size() || cell.repetition == 0 ||
        cell.repetition > std::max(run.file.repeat, run.file.repeat_max))
      state.bad("a cell has a point, side or repetition that the file has not");
    run.spent_s += cell.seconds;
    if (!is_there(run, cell)) continue;
    blocks[cell.point] = std::max<size_t>(blocks[cell.point], cell.repetition);
    known.push_back(cell);
  }
  run.experiment.cells = std::move(known);
  set_blocks(run, blocks);
  run.resumed = true;
}

}  // namespace host::experiment
