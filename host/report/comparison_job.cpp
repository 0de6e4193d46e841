#include "report/comparison_job.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/table_text.hpp"
#include "compare/gate.hpp"
#include "compare/sides_by.hpp"
#include "compare/validity.hpp"
#include "report/artefacts.hpp"
#include "report/verdict_rows.hpp"

namespace host::report {
namespace {

std::string noise_notes(const compare::Comparison& comparison) {
  std::string out;
  for (const auto& config : comparison.configs)
    for (const auto& side : config.sides)
      for (const auto& note : {compare::unjudged_runs(side.repetitions), compare::noisy_runs(side.repetitions)})
        if (!note.empty())
          out += fmt::format("note: {}{}{}, {}: {}\n", config.workload, config.label.empty() ? "" : ", ", config.label,
                             side.side, note);
  // What tells sides apart by keys is in a hash too, of which no record may say what else it covers.
  for (const auto& mismatch : comparison.mismatches)
    if (!mismatch.group.empty() && !mismatch.forbids)
      out += fmt::format("note: {}, {}: {}: {}\n", mismatch.workload, mismatch.label, mismatch.field,
                         compare::values_text(mismatch));
  return out.empty() ? out : "\n" + out;
}

std::string verdict_table(const compare::Comparison& comparison) {
  base::Table table = {
      {"WORKLOAD", "CONFIG", "CANDIDATE / BASELINE", "RUNS", "THROUGHPUT", "LATENCY", "VERDICT", "WHY"}};
  for (const auto& row : verdict_rows(comparison))
    table.push_back({row.config.workload, compare::config_name(row.config), row.sides(), row.runs(),
                     ratio_text(row.throughput), latency_ratio_text(row.latency),
                     compare::to_string(row.judgement.verdict), row.judgement.reason});
  return base::format_table(table, {.max_first_width = 0, .wrap_width = 180});
}

std::string gate_table(const compare::GateResult& gate) {
  base::Table table;
  for (const auto& line : gate.lines)
    table.push_back({"  " + std::string(compare::to_string(line.state)), line.condition, line.where, line.reason});
  return fmt::format("\ngate {}\n{}", gate.passed ? "passed" : "NOT PASSED", base::format_table(table));
}

std::string outcome_text(const compare::Comparison& comparison, const compare::GateResult& gate) {
  auto out = fmt::format("ratios with {:.4g} % intervals; margin {:.4g} %\n\n{}", comparison.confidence * 100,
                         comparison.margin * 100, verdict_table(comparison));
  out += noise_notes(comparison);
  if (!comparison.mismatches.empty())
    out += fmt::format("\n{} configuration mismatch{}, listed in summary.md\n", comparison.mismatches.size(),
                       comparison.mismatches.size() == 1 ? "" : "es");
  if (!gate.lines.empty()) out += gate_table(gate);
  return out;
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw base::Error(base::Exit::failed, fmt::format("cannot write in {}: {}; choose another folder with --output-dir",
                                                      folder.string(), error.message()));
}

}  // namespace

CompareOutcome compare_into(const CompareJob& job) {
  const auto conditions = compare::parse_gate(job.gate);
  CompareOutcome out;
  out.results = compare::read_sides(job.inputs, job.by);
  out.comparison = compare::compare(out.results, job.options);
  for (const auto& condition : conditions)
    if (auto unlikely = compare::unlikely_bound(condition); !unlikely.empty())
      out.warnings.push_back(std::move(unlikely));
  const auto gate = compare::judge_gate(out.comparison, conditions, job.gate_lenient);
  if (!gate.passed) out.exit = base::Exit::gate;
  make_folder(job.output_dir);
  constexpr size_t told = 5;
  const auto& problems = out.comparison.problems;
  for (size_t i = 0; i < std::min(told, problems.size()); ++i)
    out.warnings.push_back(fmt::format("{}{}: {}", problems[i].file.string(),
                                       problems[i].line == 0 ? "" : fmt::format(":{}", problems[i].line),
                                       problems[i].text));
  if (problems.size() > told)
    out.warnings.push_back(
        fmt::format("{} more problems with the input, listed in summary.md", problems.size() - told));
  const auto not_drawn = write_comparison(out.comparison, out.results, job.output_dir);
  if (!not_drawn.empty()) out.warnings.push_back(not_drawn);
  out.text = outcome_text(out.comparison, gate) +
             fmt::format("\nfiles in {}: summary.md, comparison.csv, report.html{}\n", job.output_dir.string(),
                         not_drawn.empty() ? ", throughput_comparison.png, latency_p95_p99_comparison.png" : "");
  return out;
}

}  // namespace host::report
