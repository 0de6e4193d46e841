// `compare DIR|FILE...`: which side is better, by how much, and how sure that is.
#include "cli/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "cli/commands.hpp"
#include "cli/text.hpp"
#include "compare/artefact_texts.hpp"
#include "compare/artefacts.hpp"
#include "compare/gate.hpp"
#include "compare/validity.hpp"

namespace host {
namespace {

OptionSpec text(std::string name, std::string value, std::string help, std::vector<std::string> choices = {}) {
  OptionSpec spec;
  spec.name = std::move(name);
  spec.default_value = std::move(value);
  spec.choices = std::move(choices);
  spec.help = std::move(help);
  return spec;
}

const std::vector<Flag>& compare_flags() {
  static const std::vector<Flag> flags = {
      {.spec = text("output_dir", "comparison", "where summary.md, comparison.csv and the pictures go"),
       .placeholder = "DIR"},
      {.spec = text("baseline", "", "the side that others are set against; default: the first one read"),
       .placeholder = "SIDE"},
      {.spec = text("by", "backend", "what a side is: each backend, or each input", {"backend", "input"})},
      {.spec = text("margin", "5%", "the difference that matters: ratios within it are the same"),
       .placeholder = "SHARE"},
      {.spec = text("confidence", "95%", "of the intervals, 50% to 99%"), .placeholder = "SHARE"},
      {.spec = text("gate", "", "conditions on ratios; exit code 5 when one is not met"), .placeholder = "CONDITIONS"},
      {.spec = toggle("gate_lenient", "inconclusive conditions pass")},
      {.spec = toggle("json", "the comparison on standard output as JSON")},
  };
  return flags;
}

bool on(const Arguments& arguments, std::string_view name) {
  const auto& flags = compare_flags();
  const auto& spec = std::ranges::find(flags, name, [](const Flag& flag) { return flag.spec.name; })->spec;
  return std::get<bool>(parse_option(spec, arguments.text(name, "false"), option_flag(name)));
}

std::string runs_text(const ComparedConfig& config, const SideResults& candidate) {
  return fmt::format("{} / {}", candidate.repetitions.size(), config.sides[0].repetitions.size());
}

// The highest percentile that has a ratio.
std::string latency_text(const ComparedConfig& config, const std::string& candidate) {
  for (const auto* name : {"latency_p99", "latency_p95", "latency_p50"})
    if (const auto* found = find_total(config, candidate, name); found != nullptr && found->interval)
      return fmt::format("{} {}", std::string_view(name).substr(8), ratio_text(found));
  return "n/a";
}

std::string noise_notes(const Comparison& comparison) {
  std::string out;
  for (const auto& config : comparison.configs)
    for (const auto& side : config.sides)
      if (const auto noisy = noisy_runs(side.repetitions); !noisy.empty())
        out += fmt::format("note: {}, {}: {}\n", config.workload, side.side, noisy);
  return out.empty() ? out : "\n" + out;
}

std::string verdict_table(const Comparison& comparison) {
  Table table = {{"WORKLOAD", "CONFIG", "CANDIDATE / BASELINE", "RUNS", "THROUGHPUT", "LATENCY", "VERDICT", "WHY"}};
  for (const auto& config : comparison.configs) {
    const auto hash = config.config_hash.substr(0, 12);
    if (config.sides.size() < 2)
      table.push_back({config.workload, hash, config.sides[0].side,
                       fmt::format("{}", config.sides[0].repetitions.size()), "n/a", "n/a", to_string(config.verdict),
                       config.reason});
    for (size_t i = 1; i < config.sides.size(); ++i) {
      const auto& side = config.sides[i];
      const auto of = verdict_of(config, side.side);
      table.push_back({config.workload, hash, fmt::format("{} / {}", side.side, config.sides[0].side),
                       runs_text(config, side), ratio_text(find_total(config, side.side, "throughput")),
                       latency_text(config, side.side), to_string(of.verdict), of.reason});
    }
  }
  return format_table(table, {.max_first_width = 0, .wrap_width = 180});
}

std::string gate_table(const GateResult& gate) {
  Table table;
  for (const auto& line : gate.lines)
    table.push_back({"  " + std::string(to_string(line.state)), line.condition, line.where, line.reason});
  return fmt::format("\ngate {}\n{}", gate.passed ? "passed" : "NOT PASSED", format_table(table));
}

std::string outcome_text(const Comparison& comparison, const GateResult& gate) {
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
    throw Error(Exit::failed, fmt::format("cannot write in {}: {}; choose another folder with --output-dir",
                                          folder.string(), error.message()));
}

}  // namespace

double parse_share(const std::string& flag, std::string_view text, double least, double most) {
  const bool percent = text.ends_with('%');
  const auto digits = percent ? text.substr(0, text.size() - 1) : text;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (percent) value /= 100;
  if (error == std::errc() && end == digits.data() + digits.size() && value >= least && value <= most) return value;
  throw usage_error(
      fmt::format("{} {}: give a share from {:g}% to {:g}%, as 7.5% or 0.075", flag, text, least * 100, most * 100));
}

CompareOutcome compare_into(const CompareJob& job) {
  const auto conditions = parse_gate(job.gate);
  CompareOutcome out;
  out.results = read_results(job.inputs, job.sides);
  out.comparison = compare(out.results, job.options);
  const auto gate = judge_gate(out.comparison, conditions, job.gate_lenient);
  if (!gate.passed) out.exit = Exit::gate;
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
             fmt::format("\nfiles in {}: summary.md, comparison.csv{}\n", job.output_dir.string(),
                         not_drawn.empty() ? ", throughput_comparison.png, latency_p95_p99_comparison.png" : "");
  return out;
}

Exit compare_command(const Command& command, std::span<const std::string> args) {
  const auto& flags = compare_flags();
  const auto arguments = parse_arguments(args, flags, command.name, 10'000);
  if (arguments.help) {
    fmt::print("{}", command_help(command, flags));
    return Exit::ok;
  }
  if (arguments.positional.empty()) throw usage_error("compare: name folders or files of results, such as 'results'");
  CompareJob job;
  job.inputs.assign(arguments.positional.begin(), arguments.positional.end());
  job.output_dir = arguments.text("output_dir", "comparison");
  const auto by = arguments.text("by", "backend");
  if (by != "backend" && by != "input") throw usage_error(fmt::format("--by {}: give backend or input", by));
  job.sides = by == "input" ? Sides::by_input : Sides::by_backend;
  job.options.baseline = arguments.text("baseline");
  job.options.margin = parse_share("--margin", arguments.text("margin", "5%"), 0, 1);
  job.options.confidence = parse_share("--confidence", arguments.text("confidence", "95%"), 0.5, 0.99);
  job.gate = arguments.text("gate");
  job.gate_lenient = on(arguments, "gate_lenient");
  const bool json = on(arguments, "json");
  const auto outcome = compare_into(job);
  for (const auto& warning : outcome.warnings) fmt::print(stderr, "sage-host: warning: {}\n", warning);
  if (!json) {
    fmt::print("{}", outcome.text);
    return outcome.exit;
  }
  using Json = nlohmann::ordered_json;
  fmt::print("{}\n", to_json(outcome.comparison).dump(2, ' ', false, Json::error_handler_t::replace));
  return outcome.exit;
}

}  // namespace host
