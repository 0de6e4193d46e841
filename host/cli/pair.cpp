// `pair`: workloads on several backends, in interleaved repetitions.
#include <fmt/format.h>

#include <algorithm>

#include "cell/settings.hpp"
#include "cli/run_arguments.hpp"
#include "experiment/pair_run.hpp"

namespace host::cli {

// Those of `run`, with several backends, another output folder and its own meaning of --resume.
const std::vector<catalog::Flag>& pair_flags() {
  static const std::vector<catalog::Flag> flags = [] {
    auto out = cell::run_flags();
    const auto flag = [&](std::string_view name) -> catalog::Flag& {
      return *std::ranges::find_if(out, [&](const catalog::Flag& each) { return each.spec.name == name; });
    };
    flag("backend") = {.spec = catalog::text_option("backends", "sage,ray", "what runs it, two or more"),
                       .placeholder = "ID,ID..."};
    flag("all").spec.help = "every workload that all the backends can run";
    flag("output_dir").spec.default_value = std::string("artifacts/paired_backend_runs");
    flag("repeat").spec.help = "repetitions on each backend, in blocks; an interval needs 3";
    flag("resume") = {.spec = catalog::text_option("resume", "", "go on with a paired run: its id, or its folder"),
                      .placeholder = "RUN"};
    out.push_back({.spec = {.name = "cooldown",
                            .type = catalog::OptionType::number,
                            .default_value = 1.0,
                            .quick = catalog::OptionValue(0.2),
                            .min = 0,
                            .max = 3600,
                            .unit = "s",
                            .help = "rest between two cells"}});
    out.push_back(
        {.spec = catalog::text_option("run_id", "", "name of the run; default: paired-<UTC>-<configuration hash>")});
    out.push_back(
        {.spec = catalog::text_option("baseline", "", "what the others are set against; default: the first backend"),
         .placeholder = "ID"});
    out.push_back(
        {.spec = catalog::text_option("margin", "5%", "the difference that matters"), .placeholder = "SHARE"});
    out.push_back({.spec = catalog::text_option("gate", "", "conditions on ratios; exit code 5 when one is not met"),
                   .placeholder = "CONDITIONS"});
    out.push_back({.spec = catalog::toggle("gate_lenient", "inconclusive conditions pass")});
    return out;
  }();
  return flags;
}

base::Exit pair_command(const Command& command, std::span<const std::string> args) {
  const auto given = split_arguments(args, pair_flags());
  experiment::PairArguments arguments{.output_dir = given.text("output_dir", "artifacts/paired_backend_runs"),
                                      .resume = given.text("resume"),
                                      .plugin_path = given.text("plugin_path"),
                                      .command_line = command_line_of(command, args)};
  if (!arguments.resume.empty() && given.has("run_id"))
    throw base::usage_error("--resume names the run; leave --run-id out");
  std::optional<experiment::RunPlan> plan;
  if (!arguments.resume.empty() && !given.has("workload") && !given.on("all") && !given.help) {
    const auto alone = parse_arguments(args, pair_flags(), command.name);
    refuse_beside_resume(alone);
    arguments.dry_run = alone.on("dry_run");
    arguments.json = alone.on("json");
    arguments.trust_record = alone.on("trust_record");
  } else {
    plan = read_plan(command, args, pair_flags());
    if (!plan) return base::Exit::ok;
    arguments.dry_run = plan->dry_run;
    arguments.json = plan->json;
  }
  auto run = experiment::plan_pair(std::move(arguments), std::move(plan));
  return experiment::run_pair(run);
}

}  // namespace host::cli
