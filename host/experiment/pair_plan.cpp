// From the values given to `pair` to the cells in their order.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "base/hash.hpp"
#include "base/quote.hpp"
#include "base/table_text.hpp"
#include "catalog/python_env.hpp"
#include "compare/gate.hpp"
#include "experiment/cell_folders.hpp"
#include "experiment/pair_run.hpp"
#include "records/run_id.hpp"
#include "report/comparison_job.hpp"

namespace host::experiment {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t hash_digits = 12;  // of a configuration, in names of folders and run ids

// Of the one configuration, or of all of them.
std::string set_hash(const std::vector<PairWorkload>& workloads) {
  if (workloads.size() == 1) return workloads[0].config_hash;
  auto hashes = nlohmann::json::array();
  for (const auto& workload : workloads) hashes.push_back(workload.config_hash);
  return base::config_hash(hashes);
}

void check_comparison(PairRun& run) {
  auto& how = run.comparison;
  if (how.baseline.empty()) how.baseline = run.backends[0];
  if (std::ranges::find(run.backends, how.baseline) == run.backends.end())
    throw base::usage_error(
        fmt::format("--baseline {}: it takes no part; there are {}", how.baseline, fmt::join(run.backends, ", ")));
  (void)catalog::parse_share("--margin", how.margin, 0, 1);
  (void)compare::parse_gate(how.gate);
}

// What --resume names: the folder of the run.
fs::path find_run(const std::string& name, const fs::path& output_dir) {
  std::error_code error;
  for (const auto& folder : {fs::path(name), output_dir / ("run_id=" + name)}) {
    if (!fs::is_directory(folder, error)) continue;
    const auto path = fs::absolute(folder).lexically_normal();
    const auto of_run = path.has_filename() ? path : path.parent_path();
    return fs::exists(of_run / "manifest.json", error) ? of_run.parent_path() : of_run;
  }
  throw base::usage_error(
      fmt::format("--resume {}: there is no paired run of that id in {}, nor such a folder; name its "
                  "--output-dir",
                  name, output_dir.string()));
}

}  // namespace

fs::path PairRun::folder(size_t workload) const {
  return root / fmt::format("config_hash={}", workloads[workload].config_hash.substr(0, hash_digits));
}

std::string PairRun::cell_name(const Cell& cell) const {
  return fmt::format("{}-{}", cell.repetition, backends[cell.side]);
}

std::string PairRun::resume_command() const {
  auto out = fmt::format("sage-host pair --resume {}", base::shell_word(root.string()));
  if (!plugin_path.empty()) out += " --plugin-path " + base::shell_word(plugin_path);
  return out;
}

void set_plan(PairRun& run, RunPlan&& plan) {
  for (const auto& cell : plan.cells) {
    if (run.workloads.empty() || run.workloads.back().id != cell.spec.workload)
      run.workloads.push_back({.id = cell.spec.workload, .config_hash = cell.spec.config_hash});
    if (run.workloads.size() == 1) run.backends.push_back(cell.spec.backend);
    // By construction; if not, the comparison would be of different things.
    if (run.workloads.back().config_hash != cell.spec.config_hash)
      throw base::Error(base::Exit::failed, fmt::format("{} has another configuration on {} than on {}: {} and {}",
                                                        cell.spec.workload, cell.spec.backend, run.backends[0],
                                                        cell.spec.config_hash, run.workloads.back().config_hash));
  }
  if (run.backends.size() < 2)
    throw base::usage_error(fmt::format("--backends {}: a pair needs two or more; 'sage-host run' takes one",
                                        fmt::join(run.backends, ",")));
  run.repeat = plan.repeat;
  run.experiment.planned = std::move(plan.cells);
  run.skipped = std::move(plan.skipped);
  const auto seed = run.experiment.planned[0].spec.seed;
  for (size_t w = 0; w < run.workloads.size(); ++w)
    run.workloads[w].order = side_orders(run.backends.size(), run.repeat, seed, w);
}

void set_cells(PairRun& run) {
  std::vector<Orders> orders;
  for (const auto& workload : run.workloads) orders.push_back(workload.order);
  run.experiment.sides = run.backends.size();
  run.experiment.cells = cells_by_block(orders);
}

PairRun plan_pair(PairArguments arguments, std::optional<RunPlan> plan) {
  PairRun run;
  run.command_line = std::move(arguments.command_line);
  run.plugin_path = std::move(arguments.plugin_path);
  run.trust_record = arguments.trust_record;
  run.dry_run = arguments.dry_run;
  run.json = arguments.json;
  if (plan) {
    const auto& shared = plan->cells[0].settings.shared;
    run.cooldown_s = cell::get<double>(shared, "cooldown");
    run.comparison = {cell::get<std::string>(shared, "baseline"), cell::get<std::string>(shared, "margin"),
                      cell::get<std::string>(shared, "gate"), cell::get<bool>(shared, "gate_lenient")};
    run.run_id = cell::get<std::string>(shared, "run_id");
    set_plan(run, std::move(*plan));
  }
  if (!arguments.resume.empty()) {
    run.root = find_run(arguments.resume, arguments.output_dir);
    if (!run.dry_run) run.lock.emplace(run.root);
    take_up(run, catalog::open_catalog(run.plugin_path), run.command_line);
    run.resumed = true;
  } else {
    const auto hash = set_hash(run.workloads);
    if (run.run_id.empty())
      run.run_id = fmt::format("paired-{}-{}", records::utc_compact(std::chrono::system_clock::now()),
                               hash.substr(0, hash_digits));
    check_run_id(run.run_id);
    run.root = fs::absolute(arguments.output_dir / ("run_id=" + run.run_id)).lexically_normal();
    if (begun(run.root))
      throw base::usage_error(fmt::format("{} is there already; go on with it ({}), or choose another --run-id",
                                          run.root.string(), run.resume_command()));
    set_cells(run);
  }
  check_comparison(run);
  return run;
}

std::string pair_text(const PairRun& run) {
  std::string text;
  for (size_t w = 0; w < run.workloads.size(); ++w)
    text += fmt::format("{}: config_hash {}\n  {}\n", run.workloads[w].id, run.workloads[w].config_hash,
                        run.folder(w).string());
  text += "\n";
  base::Table table = {{"  #", "BLOCK", "WORKLOAD", "BACKEND", "STATE", "FOLDER"}};
  for (size_t i = 0; i < run.experiment.cells.size(); ++i) {
    const auto& cell = run.experiment.cells[i];
    table.push_back({fmt::format("{:3}", i + 1), fmt::format("{}", cell.repetition), run.workloads[cell.point].id,
                     run.backends[cell.side], to_string(cell.state), "cells/" + run.cell_name(cell)});
  }
  text += base::format_table(table);
  for (const auto& skipped : run.skipped) text += fmt::format("skipped {}: {}\n", skipped.id, skipped.reason);
  return text + fmt::format("\n{} cells, {:g} s of rest between them; nothing was run\n", run.experiment.cells.size(),
                            run.cooldown_s);
}

Json pair_json(const PairRun& run) {
  Json out = {{"run_id", run.run_id},   {"folder", run.root.string()},  {"backends", run.backends},
              {"repeat", run.repeat},   {"cooldown_s", run.cooldown_s}, {"workloads", Json::array()},
              {"cells", Json::array()}, {"skipped", Json::array()}};
  for (size_t w = 0; w < run.workloads.size(); ++w)
    out["workloads"].push_back({{"workload", run.workloads[w].id},
                                {"config_hash", run.workloads[w].config_hash},
                                {"folder", run.folder(w).string()},
                                {"config", run.plan_of(w, 0).spec.config}});
  for (const auto& cell : run.experiment.cells)
    out["cells"].push_back({{"workload", run.workloads[cell.point].id},
                            {"backend", run.backends[cell.side]},
                            {"block", cell.repetition},
                            {"repetition", cell.repetition},
                            {"position", cell.position},
                            {"state", to_string(cell.state)},
                            {"folder", (run.folder(cell.point) / "cells" / run.cell_name(cell)).string()}});
  for (const auto& skipped : run.skipped)
    out["skipped"].push_back({{"workload", skipped.id}, {"reason", skipped.reason}});
  return out;
}

}  // namespace host::experiment
