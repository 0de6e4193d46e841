// `run`: every workload, as often as asked.
#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "base/hash.hpp"
#include "base/table_text.hpp"
#include "cell/run_folder.hpp"
#include "cli/run_arguments.hpp"
#include "experiment/outcome_text.hpp"
#include "experiment/run.hpp"
#include "experiment/run_state.hpp"

namespace host::cli {
namespace {

// Several cells: a line for each. Then what each means.
void print_reports(const std::vector<cell::CellReport>& reports, const experiment::RunPlan& plan) {
  base::Table table;
  for (const auto& report : reports) table.push_back({report.name, report.text});
  for (const auto& skipped : plan.skipped) table.push_back({skipped.id, "skipped: " + skipped.reason});
  if (table.size() > 1) fmt::print("\n{}", base::format_table(table));
  std::string meanings;
  for (const auto& report : reports)
    if (const auto said = experiment::outcome_text(report.folder); !said.empty()) meanings += said + "\n";
  if (!meanings.empty()) fmt::print("\n{}", meanings);
}

// With --resume and nothing else about it, what is to run is in its own state.
std::optional<experiment::RunPlan> read_resumed(const Command& command, std::span<const std::string> args,
                                                const Arguments& given) {
  refuse_beside_resume(parse_arguments(args, cell::run_flags(), command.name));
  const auto folder = experiment::resumed_folder(given.text("output_dir", "results"), given.text("resume"));
  auto plan = experiment::resumed_plan(folder, catalog::open_catalog(given.text("plugin_path")),
                                       command_line_of(command, args), given.on("trust_record"));
  plan.dry_run = given.on("dry_run");
  plan.json = given.on("json");
  return plan;
}

std::optional<experiment::RunPlan> read_run(const Command& command, std::span<const std::string> args) {
  const auto given = split_arguments(args, cell::run_flags());
  if (!given.text("resume").empty() && !given.has("workload") && !given.on("all") && !given.help)
    return read_resumed(command, args, given);
  return read_plan(command, args, cell::run_flags());
}

// Several cells have a state; one has not, and a search keeps its own.
std::optional<experiment::RunState> state_of(const experiment::RunPlan& plan, experiment::Experiment& all) {
  if (plan.resume.empty())
    return all.cells.size() == 1 ? std::nullopt : std::optional<experiment::RunState>(std::in_place, plan, all);
  const auto folder = experiment::resumed_folder(plan.output_dir, plan.resume);
  if (experiment::resumed_type(folder) == "run")
    return std::optional<experiment::RunState>(std::in_place, folder, plan, all);
  if (plan.cells.size() != 1 || !plan.cells[0].search || plan.repeat != 1)
    throw base::usage_error(
        fmt::format("--resume {}: that is a search; give its --workload alone, or nothing beside "
                    "--resume",
                    plan.resume));
  return std::nullopt;
}

}  // namespace

base::Exit run_command(const Command& command, std::span<const std::string> args) {
  const auto plan = read_run(command, args);
  if (!plan) return base::Exit::ok;
  if (plan->dry_run) {
    if (const auto problem = cell::why_not_writable(plan->output_dir); !problem.empty())
      throw base::Error(base::Exit::failed, problem);
    fmt::print("{}", plan->json ? experiment::plan_json(*plan).dump(2) + "\n" : experiment::plan_text(*plan));
    return base::Exit::ok;
  }

  experiment::Experiment all{.planned = plan->cells,
                             .cells = experiment::cells_by_point(plan->cells.size(), plan->repeat)};
  auto state = state_of(*plan, all);
  std::vector<cell::CellReport> reports;
  for (const auto& cell : all.cells)
    if (cell.state == experiment::Cell::State::ok)
      reports.push_back({cell.run_id, base::Exit::ok, "ok, as known before", plan->output_dir / cell.run_id});
  cell::StopSignals stop;
  experiment::run_cells(all,
                        {.place = [&](const experiment::Cell& cell, const cell::CellSpec&) -> cell::CellPlace {
                           return {.root = plan->output_dir,
                                   .repetition = plan->repeat == 1 ? std::nullopt : std::optional(cell.repetition),
                                   .resume = state ? "" : plan->resume};
                         },
                         .ended =
                             [&](experiment::Cell& cell, const cell::CellReport& report) {
                               reports.push_back(report);
                               if (!state) return;
                               if (cell.state == experiment::Cell::State::ok)
                                 cell.files["unified_results.jsonl"] =
                                     base::sha256_file(report.folder / "unified_results.jsonl");
                               state->write(all);
                             }},
                        stop);
  if (state) state->end(all);
  print_reports(reports, *plan);
  if (stop.count() == 0) return experiment::worst_exit(all);
  if (const auto left = experiment::count_pending(all); state && left > 0)
    fmt::print(stderr, "sage-host: interrupted with {} of {} runs to go; go on with: sage-host run --resume {}{}\n",
               left, all.cells.size(), state->id(),
               plan->output_dir == "results" ? "" : " --output-dir " + plan->output_dir.string());
  return base::Exit::interrupted;
}

}  // namespace host::cli
