#include "cli/run_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

#include "catalog/catalog.hpp"
#include "engine/load.hpp"

namespace host {
namespace {

using Manifests = std::vector<const Manifest*>;

// The layers below the flags: --config, then --set.
std::vector<Given> lower_layers(const Arguments& arguments) {
  std::vector<Given> out;
  if (const auto* config = arguments.find("config")) out = read_config(config->text);
  for (const auto& flag : arguments.flags)
    if (flag.name == "set") out.push_back(parse_set(flag.text));
  return out;
}

std::string last_text(std::span<const Given> given, std::string_view name, std::string otherwise = {}) {
  for (const auto& each : given)
    if (each.owner.empty() && each.name == name) otherwise = each.text;
  return otherwise;
}

std::vector<std::string> ids(const Manifests& manifests) {
  std::vector<std::string> out;
  for (const auto* manifest : manifests) out.push_back(manifest->id);
  return out;
}

// The default backend is SAGE, which an installation need not have: that is not a mistake of the user's.
const Manifest& find_backend(const Catalog& catalog, std::span<const Given> given) {
  const auto standard = std::get<std::string>(run_option("backend").default_value);
  const auto name = last_text(given, "backend", standard);
  try {
    return catalog.find(PluginKind::backend, name);
  } catch (const Error&) {
    const auto known = ids(catalog.all(PluginKind::backend));
    const bool broken = std::ranges::any_of(catalog.entries(), [&](const CatalogEntry& entry) {
      return entry.state == CatalogEntry::State::broken && entry.file.stem() == name;
    });
    if (name != standard || broken) throw;
    throw Error(Exit::unavailable,
                fmt::format("backend '{}' is not part of this installation; there are: {}; choose one with --backend",
                            name, known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
  }
}

Manifests find_workloads(const Catalog& catalog, const Arguments& arguments, std::span<const Given> given) {
  const auto name = last_text(given, "workload");
  if (arguments.has("all")) {
    if (!name.empty()) throw usage_error("--all and --workload exclude each other; leave one of them out");
    auto all = catalog.all(PluginKind::workload);
    if (all.empty())
      throw usage_error("there is no workload to run; 'sage-host doctor' shows where manifests are searched");
    return all;
  }
  if (name.empty())
    throw usage_error(fmt::format("which workload? choose with --workload ID ({}) or take --all",
                                  fmt::join(ids(catalog.all(PluginKind::workload)), ", ")));
  return {&catalog.find(PluginKind::workload, name)};
}

// Those named on the command line, as far as they exist: for --help, which never fails.
void print_help(const Command& command, const Catalog& catalog, std::span<const Given> given) {
  Manifests workloads;
  const Manifest* backend = nullptr;
  try {
    if (const auto name = last_text(given, "workload"); !name.empty())
      workloads = {&catalog.find(PluginKind::workload, name)};
    if (const auto name = last_text(given, "backend"); !name.empty())
      backend = &catalog.find(PluginKind::backend, name);
  } catch (const Error& e) {
    fmt::print(stderr, "sage-host: {}\n", e.what());
  }
  const auto load = workloads.empty() ? load_options() : load_specs(*workloads.front());
  const auto section = [](const std::string& title, std::span<const OptionSpec> specs) {
    std::vector<Flag> flags;
    for (const auto& spec : specs) flags.push_back({.spec = spec});
    return flags.empty() ? "" : fmt::format("\n{}\n{}", title, flags_help(flags));
  };
  auto text = command_help(command, run_flags());
  std::string sections = section(
      workloads.empty() ? "the load" : fmt::format("the load, with the defaults of {}", workloads.front()->id), load);
  for (const auto* workload : workloads) sections += section("options of workload " + workload->id, workload->options);
  if (backend != nullptr) sections += section("options of backend " + backend->id, backend->options);
  if (workloads.empty() || backend == nullptr)
    sections += "\nwith --workload ID and --backend ID before --help, their own options are shown too\n";
  text.insert(text.find("\nexamples\n"), sections);
  fmt::print("{}", text);
}

}  // namespace

std::optional<RunPlan> plan_run(const Command& command, std::span<const std::string> args) {
  // Which plugins take part decides which flags exist, so the command line is split twice.
  const auto shared = split_arguments(args, run_flags());
  auto given = lower_layers(shared);
  const auto below_flags = given.size();
  given.insert(given.end(), shared.flags.begin(), shared.flags.end());

  const Catalog catalog(search_path(shared.text("plugin_path")));
  if (shared.help) {
    print_help(command, catalog, given);
    return std::nullopt;
  }
  const auto workloads = find_workloads(catalog, shared, given);
  const auto& backend = find_backend(catalog, given);

  for (const auto* workload : workloads) refuse_host_names(*workload);
  refuse_host_names(backend);
  const auto flags = all_flags(workloads, &backend);
  const auto arguments = split_arguments(args, flags);
  refuse_unknown(arguments, flags, command.name);
  given.resize(below_flags);
  given.insert(given.end(), arguments.flags.begin(), arguments.flags.end());
  auto known = ids(catalog.all(PluginKind::workload));
  const auto backends = ids(catalog.all(PluginKind::backend));
  known.insert(known.end(), backends.begin(), backends.end());
  check_names(given, workloads, backend, known);

  RunPlan plan;
  std::vector<std::string> command_line = {"sage-host", std::string(command.name)};
  command_line.insert(command_line.end(), args.begin(), args.end());
  for (const auto* workload : workloads) {
    auto settings = resolve(given, *workload, backend);
    plan.repeat = get<int64_t>(settings.shared, "repeat");
    plan.output_dir = get<std::string>(settings.shared, "output_dir");
    plan.resume = get<std::string>(settings.shared, "resume");
    plan.dry_run = get<bool>(settings.shared, "dry_run");
    plan.json = get<bool>(settings.shared, "json");
    try {
      check_pairing(*workload, backend);
    } catch (const Error& e) {
      if (!arguments.has("all")) throw;
      plan.skipped.push_back({workload->id, e.what()});
      continue;
    }
    auto spec = make_cell(settings, *workload, backend, command_line);
    std::optional<SearchSpec> search;
    if (!workload->search.empty()) search = read_search(settings, *workload, backend);
    plan.cells.push_back({std::move(spec), std::move(settings), std::move(search)});
  }
  if (!plan.resume.empty() && (plan.cells.size() != 1 || !plan.cells[0].search || plan.repeat != 1))
    throw usage_error("--resume goes on with one search; give its --workload, and neither --all nor --repeat");
  if (plan.cells.empty())
    throw usage_error(
        fmt::format("backend '{}' can run none of the workloads: {}", backend.id, plan.skipped.front().reason));
  return plan;
}

}  // namespace host
