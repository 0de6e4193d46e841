// `run`: each cell in a process of its own, one after the other; what happened to each is recorded and told.
#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "base/table_text.hpp"
#include "cell/run_folder.hpp"
#include "cell/run_one.hpp"
#include "cli/commands.hpp"
#include "experiment/run_plan.hpp"

namespace host::cli {
namespace {

// Several cells: a line for each.
void print_reports(const std::vector<cell::CellReport>& reports, const experiment::RunPlan& plan) {
  base::Table table;
  for (const auto& report : reports) table.push_back({report.name, report.text});
  for (const auto& skipped : plan.skipped) table.push_back({skipped.id, "skipped: " + skipped.reason});
  if (table.size() > 1) fmt::print("\n{}", base::format_table(table));
}

}  // namespace

base::Exit run_command(const Command& command, std::span<const std::string> args) {
  const auto plan = experiment::plan_run(command, args, cell::run_flags());
  if (!plan) return base::Exit::ok;
  if (!plan->resume.empty() && (plan->cells.size() != 1 || !plan->cells[0].search || plan->repeat != 1))
    throw base::usage_error("--resume goes on with one search; give its --workload, and neither --all nor --repeat");
  if (plan->dry_run) {
    if (const auto problem = cell::why_not_writable(plan->output_dir); !problem.empty())
      throw base::Error(base::Exit::failed, problem);
    fmt::print("{}", plan->json ? experiment::plan_json(*plan).dump(2) + "\n" : experiment::plan_text(*plan));
    return base::Exit::ok;
  }

  cell::StopSignals stop;
  std::vector<cell::CellReport> reports;
  base::Exit exit = base::Exit::ok;
  for (const auto& cell : plan->cells) {
    for (int64_t repetition = 1; repetition <= plan->repeat && stop.count() == 0; ++repetition) {
      const auto numbered = plan->repeat == 1 ? std::nullopt : std::optional(static_cast<uint32_t>(repetition));
      reports.push_back(cell::run_one(cell, {plan->output_dir, {}, numbered, plan->resume}, stop));
      exit = cell::worse(exit, reports.back().exit);
    }
  }
  print_reports(reports, *plan);
  return stop.count() > 0 ? base::Exit::interrupted : exit;
}

}  // namespace host::cli
