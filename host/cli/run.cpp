// `run`: each cell in a process of its own, one after the other; what happened to each is recorded and told.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>

#include "cli/cell_report.hpp"
#include "cli/commands.hpp"
#include "cli/failure_record.hpp"
#include "cli/frontier.hpp"
#include "cli/run_folder.hpp"
#include "cli/run_plan.hpp"
#include "cli/supervise.hpp"
#include "cli/text.hpp"
#include "records/run_id.hpp"

namespace host {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// run.log: what was asked for, then how it ended; what plugins log meanwhile is added by the cell. Times are UTC.
void add_to_log(const CellSpec& cell, const std::string& text) {
  std::ofstream(cell.folder / "run.log", std::ios::app)
      << utc_iso8601(std::chrono::system_clock::now()) << ' ' << text << "\n";
}

const char* outcome_text(Exit exit) {
  switch (exit) {
    case Exit::ok:
      return "ok";
    case Exit::invalid:
      return "INVALID";
    case Exit::interrupted:
      return "interrupted";
    default:
      return "failed";
  }
}

// Of the exit codes of several cells, the one that says most.
Exit worse(Exit a, Exit b) {
  constexpr std::array worst_first = {Exit::interrupted, Exit::failed, Exit::invalid, Exit::unavailable, Exit::usage};
  for (const auto exit : worst_first)
    if (a == exit || b == exit) return exit;
  return Exit::ok;
}

CellReport run_one(CellSpec cell, const std::filesystem::path& root, std::optional<uint32_t> repetition,
                   StopSignals& stop) {
  RunFolder folder(
      root, make_run_id(cell.workload, cell.backend, std::chrono::system_clock::now(), cell.config_hash, repetition));
  const ScratchDir scratch;
  cell.run_id = folder.run_id();
  cell.folder = folder.path();
  cell.scratch_dir = scratch.path();
  add_to_log(cell, "started: " + joined(cell.command_line));

  const auto end = supervise(cell, stop);
  if (end.kind == CellEnd::Kind::finished) {
    add_to_log(cell, fmt::format("finished: {}", outcome_text(end.exit)));
    if (end.exit == Exit::ok) return {cell.run_id, end.exit, outcome_text(end.exit)};
    fmt::print(stderr, "sage-host: {} on {}: {}: {}; the result is in {}\n", cell.workload, cell.backend,
               outcome_text(end.exit), end.reason, folder.path().string());
    return {cell.run_id, end.exit, fmt::format("{}: {}", outcome_text(end.exit), end.reason)};
  }
  // A configuration that a plugin refuses, or a backend that is not installed, is no result.
  const bool recorded = end.kind != CellEnd::Kind::refused || end.exit == Exit::failed;
  if (!recorded) {
    folder.discard();
    fmt::print(stderr, "sage-host: {}\n", end.reason);
    return {cell.workload, end.exit, end.reason};
  }
  const bool kept = record_failure(cell, end);
  if (kept)
    add_to_log(cell, fmt::format("failed: {}; {} requests offered, {} done", end.reason, end.offered, end.done));
  else
    folder.discard();
  fmt::print(stderr, "sage-host: {} on {}: {}; {}\n", cell.workload, cell.backend, end.reason,
             kept ? "recorded in " + folder.path().string() : "that could not be recorded either");
  return {cell.run_id, end.exit, end.reason};
}

CellReport search_one(const PlannedCell& cell, const RunPlan& plan, std::optional<uint32_t> repetition,
                      StopSignals& stop) {
  try {
    auto report = run_frontier(cell.spec, *cell.search, {plan.output_dir, plan.resume, repetition}, stop);
    if (report.exit != Exit::ok) fmt::print(stderr, "sage-host: {}: {}\n", report.name, report.text);
    return report;
  } catch (const Error& e) {
    fmt::print(stderr, "sage-host: {}\n", e.what());
    return {cell.spec.workload, e.code(), e.what()};
  }
}

// Several cells: a line for each.
void print_reports(const std::vector<CellReport>& reports, const RunPlan& plan) {
  Table table;
  for (const auto& report : reports) table.push_back({report.name, report.text});
  for (const auto& skipped : plan.skipped) table.push_back({skipped.id, "skipped: " + skipped.reason});
  if (table.size() > 1) fmt::print("\n{}", format_table(table));
}

}  // namespace

Exit run_command(const Command& command, std::span<const std::string> args) {
  const auto plan = plan_run(command, args);
  if (!plan) return Exit::ok;
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
      reports.push_back(cell.search ? search_one(cell, *plan, numbered, stop)
                                    : run_one(cell.spec, plan->output_dir, numbered, stop));
      exit = worse(exit, reports.back().exit);
    }
  }
  print_reports(reports, *plan);
  return stop.count() > 0 ? Exit::interrupted : exit;
}

}  // namespace host
