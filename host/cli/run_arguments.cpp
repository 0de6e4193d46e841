#include "cli/run_arguments.hpp"
#include "base/quote.hpp"
#include "base/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "catalog/catalog.hpp"
#include "cell/settings.hpp"
#include "load/load.hpp"

namespace host::cli {
namespace {

// The layers below the flags: --config, then --set.
std::vector<catalog::Given> lower_layers(const Arguments& arguments) {
  std::vector<catalog::Given> out;
  if (const auto* config = arguments.find("config")) out = cell::read_config(config->text);
  for (const auto& flag : arguments.flags)
    if (flag.name == "set") out.push_back(cell::parse_set(flag.text));
  return out;
}

// Those named on the command line, as far as they exist: for --help, which never fails.
void print_help(const Command& command, const catalog::Catalog& catalog, std::span<const catalog::Flag> command_flags,
                std::span<const catalog::Given> given) {
  const auto find = [&](catalog::PluginKind kind, std::string_view flag) {
    experiment::Manifests found;
    for (const auto& name : base::split(experiment::last_text(given, flag), ',')) {
      try {
        found.push_back(&catalog.find(kind, name));
      } catch (const base::Error& e) {
        fmt::print(stderr, "sage-host: {}\n", base::one_line(e.what()));
      }
    }
    return found;
  };
  const auto workloads = find(catalog::PluginKind::workload, "workload");
  const bool many = std::ranges::any_of(command_flags, [](const auto& flag) { return flag.spec.name == "backends"; });
  const auto backends = find(catalog::PluginKind::backend, many ? "backends" : "backend");
  const auto load = workloads.empty() ? load::load_options() : cell::load_specs(*workloads.front());
  const auto section = [](const std::string& title, std::span<const catalog::OptionSpec> specs) {
    std::vector<catalog::Flag> flags;
    for (const auto& spec : specs) flags.push_back({.spec = spec});
    return flags.empty() ? "" : fmt::format("\n{}\n{}", title, flags_help(flags));
  };
  auto text = command_help(command, command_flags);
  std::string sections = section(
      workloads.empty() ? "the load" : fmt::format("the load, with the defaults of {}", workloads.front()->id), load);
  for (const auto* workload : workloads) sections += section("options of workload " + workload->id, workload->options);
  for (const auto* backend : backends) sections += section("options of backend " + backend->id, backend->options);
  if (workloads.empty() || backends.empty())
    sections += "\nwith a workload and a backend named before --help, their own options are\nshown too\n";
  text.insert(text.find("\nexamples\n"), sections);
  fmt::print("{}", text);
}

}  // namespace

std::vector<std::string> command_line_of(const Command& command, std::span<const std::string> args) {
  std::vector<std::string> out = {"sage-host", std::string(command.name)};
  out.insert(out.end(), args.begin(), args.end());
  return out;
}

void refuse_beside_resume(const Arguments& arguments) {
  for (const auto& each : arguments.flags)
    if (each.name != "resume" && each.name != "output_dir" && each.name != "plugin_path" && each.name != "dry_run" &&
        each.name != "json" && each.name != "trust_record")
      throw base::usage_error(
          fmt::format("{} with --resume: the run's own settings hold; leave it out, or repeat the whole "
                      "command line to have it checked",
                      each.source));
}

std::optional<experiment::RunPlan> read_plan(const Command& command, std::span<const std::string> args,
                                             std::span<const catalog::Flag> command_flags) {
  // Which plugins take part decides which flags exist, so the command line is split twice.
  const auto shared = split_arguments(args, command_flags);
  auto given = lower_layers(shared);
  const auto below_flags = given.size();
  given.insert(given.end(), shared.flags.begin(), shared.flags.end());

  if (shared.help) {
    const catalog::Catalog catalog(catalog::search_path(shared.text("plugin_path")));
    print_help(command, catalog, command_flags, given);
    return std::nullopt;
  }
  const auto catalog = catalog::open_catalog(shared.text("plugin_path"));
  // A misspelt --workload would be called a missing one.
  if (!shared.has("workload") && !shared.on("all")) refuse_misspelt(shared, command_flags, command.name);
  const auto chosen = experiment::choose_plugins(catalog, given, command_flags);
  const auto flags = cell::all_flags(command_flags, chosen.all());
  const auto arguments = split_arguments(args, flags);
  refuse_unknown(arguments, flags, command.name);
  given.resize(below_flags);
  given.insert(given.end(), arguments.flags.begin(), arguments.flags.end());
  auto plan = experiment::plan_run(catalog, chosen, given, command_flags, command_line_of(command, args));
  std::set<std::string> warnings;
  for (const auto& cell : plan.cells) warnings.insert(cell.spec.warnings.begin(), cell.spec.warnings.end());
  for (const auto& warning : warnings) fmt::print(stderr, "sage-host: warning: {}\n", base::one_line(warning));
  return plan;
}

}  // namespace host::cli
