// `run`: every workload, as often as asked.
#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "base/table_text.hpp"
#include "cell/run_folder.hpp"
#include "cli/run_arguments.hpp"
#include "experiment/outcome_text.hpp"
#include "experiment/run.hpp"

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

}  // namespace

base::Exit run_command(const Command& command, std::span<const std::string> args) {
  const auto plan = read_plan(command, args, cell::run_flags());
  if (!plan) return base::Exit::ok;
  if (!plan->resume.empty() && (plan->cells.size() != 1 || !plan->cells[0].search || plan->repeat != 1))
    throw base::usage_error("--resume goes on with one search; give its --workload, and neither --all nor --repeat");
  if (plan->dry_run) {
    if (const auto problem = cell::why_not_writable(plan->output_dir); !problem.empty())
      throw base::Error(base::Exit::failed, problem);
    fmt::print("{}", plan->json ? experiment::plan_json(*plan).dump(2) + "\n" : experiment::plan_text(*plan));
    return base::Exit::ok;
  }

  experiment::Experiment all{.planned = plan->cells,
                             .cells = experiment::cells_by_point(plan->cells.size(), plan->repeat)};
  std::vector<cell::CellReport> reports;
  cell::StopSignals stop;
  experiment::run_cells(
      all,
      {.place = [&](const experiment::Cell& cell, const cell::CellSpec&) -> cell::CellPlace {
         return {.root = plan->output_dir,
                 .repetition = plan->repeat == 1 ? std::nullopt : std::optional(cell.repetition),
                 .resume = plan->resume};
       },
       .ended = [&](const experiment::Cell&, const cell::CellReport& report) { reports.push_back(report); }},
      stop);
  print_reports(reports, *plan);
  return stop.count() > 0 ? base::Exit::interrupted : experiment::worst_exit(all);
}

}  // namespace host::cli
