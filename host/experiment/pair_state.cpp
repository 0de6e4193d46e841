// What lets a paired run go on: its plan and cells in state.json.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "experiment/pair_run.hpp"
#include "experiment/recorded_options.hpp"
#include "experiment/state.hpp"

namespace host::experiment {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Orders read_order(const PairRun& run, const State& state, const nlohmann::json& of_workload) {
  Orders out;
  for (const auto& block : state.list(of_workload, "order", 100'000)) {
    std::vector<size_t> order;
    for (const auto& side : block) {
      if (!side.is_number_unsigned() || side >= run.backends.size())
        state.bad("'order' names a backend that takes no part");
      order.push_back(side.get<size_t>());
    }
    if (std::set(order.begin(), order.end()).size() != run.backends.size() || order.size() != run.backends.size())
      state.bad("a block of 'order' has not every backend once");
    out.push_back(std::move(order));
  }
  if (out.size() != run.repeat) state.bad("'order' has not as many blocks as there are repetitions");
  return out;
}

// A cell that ended well and lies there as it was left.
void take_cell(const PairRun& run, Cell& cell, const State& state) {
  const auto known = std::ranges::find_if(state.cells(), [&](const Cell& each) {
    return each.point == cell.point && each.side == cell.side && each.repetition == cell.repetition;
  });
  if (known == state.cells().end() || known->state != Cell::State::ok) return;
  const auto file = run.folder(cell.point) / "cells" / run.cell_name(cell) / "unified_results.jsonl";
  std::error_code error;
  if (!fs::is_regular_file(file, error) || base::sha256_file(file) != base::text(known->files, "unified_results.jsonl"))
    return;
  const auto position = cell.position;
  cell = *known;
  cell.position = position;
}

// The plan as the state has it: points and sides of one another.
void plan_from(PairRun& run, const State& state, const catalog::Catalog& catalog,
               const std::vector<std::string>& command_line) {
  const auto& plan = state.plan();
  RunPlan again;
  again.cells = plan_again(state, catalog, command_line, run.trust_record);
  again.repeat = state.get<uint32_t>(plan, "repeat");
  run.cooldown_s = state.get<double>(plan, "cooldown_s");
  if (again.repeat < 1 || again.repeat > 100'000 || !(run.cooldown_s >= 0 && run.cooldown_s <= 3600))
    state.bad("'repeat' or 'cooldown_s' is out of range");
  const auto how = state.get<nlohmann::json>(plan, "compare");
  run.comparison = {base::text(how, "baseline"), base::text(how, "margin"), base::text(how, "gate"),
                    how.is_object() && how.value("gate_lenient", nlohmann::json()) == true};
  set_plan(run, std::move(again));
}

}  // namespace

void write_pair_state(const PairRun& run) {
  Json plan = {{"run_id", run.run_id},
               {"command_line", run.command_line},
               {"repeat", run.repeat},
               {"cooldown_s", run.cooldown_s},
               {"compare",
                {{"baseline", run.comparison.baseline},
                 {"margin", run.comparison.margin},
                 {"gate", run.comparison.gate},
                 {"gate_lenient", run.comparison.gate_lenient}}},
               {"workloads", Json::array()},
               {"planned", run.recorded}};
  for (const auto& workload : run.workloads)
    plan["workloads"].push_back(
        {{"workload", workload.id}, {"started_at", workload.started_at}, {"order", workload.order}});
  write_state(run.root, "pair", plan, run.experiment.cells);
}

void take_up(PairRun& run, const catalog::Catalog& catalog, const std::vector<std::string>& command_line) {
  if (!State::exists(run.root))
    throw base::usage_error(fmt::format("--resume: {} holds no state.json, so it is no paired run", run.root.string()));
  const State state(run.root);
  if (state.type() != "pair") state.bad("is not of a paired run");
  if (run.experiment.planned.empty()) plan_from(run, state, catalog, command_line);
  run.recorded = recorded_plan(run.experiment.planned);
  check_same_plan(state, run.recorded);
  const auto& workloads = state.list(state.plan(), "workloads", 1000);
  if (workloads.size() != run.workloads.size()) state.bad("'workloads' does not fit 'planned'");
  if (const auto repeat = state.get<int64_t>(state.plan(), "repeat"); repeat != run.repeat)
    throw base::usage_error(fmt::format("--resume: --repeat was {} in {} and is {} now; a run goes on as it began",
                                        repeat, state.source(), run.repeat));
  run.run_id = state.get<std::string>(state.plan(), "run_id");
  for (size_t w = 0; w < workloads.size(); ++w) {
    run.workloads[w].started_at = base::text(workloads[w], "started_at");
    run.workloads[w].order = read_order(run, state, workloads[w]);
  }
  set_cells(run);
  for (auto& cell : run.experiment.cells) take_cell(run, cell, state);
}

}  // namespace host::experiment
