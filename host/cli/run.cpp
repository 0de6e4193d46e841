// `run`: each cell in a process of its own, one after the other; what happened to each is recorded and told.
#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "cli/commands.hpp"
#include "cli/run_folder.hpp"
#include "cli/run_one.hpp"
#include "cli/run_plan.hpp"
#include "cli/text.hpp"

namespace host {
namespace {

// Several cells: a line for each.
void print_reports(const std::vector<CellReport>& reports, const RunPlan& plan) {
  Table table;
  for (const auto& report : reports) table.push_back({report.name, report.text});
  for (const auto& skipped : plan.skipped) table.push_back({skipped.id, "skipped: " + skipped.reason});
  if (table.size() > 1) fmt::print("\n{}", format_table(table));
}

}  // namespace

Exit run_command(const Command& command, std::span<const std::string> args) {
  const auto plan = plan_run(command, args, run_flags());
  if (!plan) return Exit::ok;
  if (!plan->resume.empty() && (plan->cells.size() != 1 || !plan->cells[0].search || plan->repeat != 1))
    throw usage_error("--resume goes on with one search; give its --workload, and neither --all nor --repeat");
  if (plan->dry_run) {
    if (const auto problem = why_not_writable(plan->output_dir); !problem.empty()) throw Error(Exit::failed, problem);
    fmt::print("{}", plan->json ? plan_json(*plan).dump(2) + "\n" : plan_text(*plan));
    return Exit::ok;
  }

  StopSignals stop;
  std::vector<CellReport> reports;
  Exit exit = Exit::ok;
  for (const auto& cell : plan->cells) {
    for (int64_t repetition = 1; repetition <= plan->repeat && stop.count() == 0; ++repetition) {
      const auto numbered = plan->repeat == 1 ? std::nullopt : std::optional(static_cast<uint32_t>(repetition));
      reports.push_back(run_one(cell, {plan->output_dir, {}, numbered, plan->resume}, stop));
      exit = worse(exit, reports.back().exit);
    }
  }
  print_reports(reports, *plan);
  return stop.count() > 0 ? Exit::interrupted : exit;
}

}  // namespace host
