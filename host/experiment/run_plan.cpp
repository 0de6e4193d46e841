#include "experiment/run_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

#include "catalog/catalog.hpp"
#include "load/load.hpp"

namespace host::experiment {
namespace {

using Manifests = std::vector<const catalog::Manifest*>;

// The layers below the flags: --config, then --set.
std::vector<catalog::Given> lower_layers(const cli::Arguments& arguments) {
  std::vector<catalog::Given> out;
  if (const auto* config = arguments.find("config")) out = cell::read_config(config->text);
  for (const auto& flag : arguments.flags)
    if (flag.name == "set") out.push_back(cell::parse_set(flag.text));
  return out;
}

std::string last_text(std::span<const catalog::Given> given, std::string_view name, std::string otherwise = {}) {
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
const catalog::Manifest& find_backend(const catalog::Catalog& catalog, const std::string& name, bool by_default) {
  try {
    return catalog.find(catalog::PluginKind::backend, name);
  } catch (const base::Error&) {
    const auto known = ids(catalog.all(catalog::PluginKind::backend));
    const bool broken = std::ranges::any_of(catalog.entries(), [&](const catalog::CatalogEntry& entry) {
      return entry.state == catalog::CatalogEntry::State::broken && entry.file.stem() == name;
    });
    if (!by_default || broken) throw;
    throw base::Error(
        base::Exit::unavailable,
        fmt::format("backend '{}' is not part of this installation; there are: {}; choose one with --backend", name,
                    known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
  }
}

const catalog::OptionSpec* own_flag(std::span<const catalog::Flag> flags, std::string_view name) {
  const auto it = std::ranges::find_if(flags, [&](const catalog::Flag& flag) { return flag.spec.name == name; });
  return it == flags.end() ? nullptr : &it->spec;
}

void add_once(Manifests& manifests, const catalog::Manifest& manifest, std::string_view flag) {
  if (std::ranges::find(manifests, &manifest) != manifests.end())
    throw base::usage_error(fmt::format("{}: '{}' is named twice; name it once", flag, manifest.id));
  manifests.push_back(&manifest);
}

// `backend` names one, `backends` a list.
Manifests find_backends(const catalog::Catalog& catalog, std::span<const catalog::Flag> flags,
                        std::span<const catalog::Given> given) {
  const auto* many = own_flag(flags, "backends");
  const auto& spec = many != nullptr ? *many : *own_flag(flags, "backend");
  const auto standard = std::get<std::string>(spec.default_value);
  const auto names = last_text(given, spec.name, standard);
  Manifests out;
  for (const auto& name : many != nullptr ? split_list(names) : std::vector{names})
    add_once(out, find_backend(catalog, name, names == standard), catalog::option_flag(spec.name));
  return out;
}

Manifests find_workloads(const catalog::Catalog& catalog, const cli::Arguments& arguments,
                         std::span<const catalog::Given> given) {
  const auto names = last_text(given, "workload");
  if (arguments.has("all")) {
    if (!names.empty()) throw base::usage_error("--all and --workload exclude each other; leave one of them out");
    auto all = catalog.all(catalog::PluginKind::workload);
    if (all.empty())
      throw base::usage_error("there is no workload to run; 'sage-host doctor' shows where manifests are searched");
    return all;
  }
  if (names.empty())
    throw base::usage_error(fmt::format("which workload? choose with --workload ID ({}) or take --all",
                                        fmt::join(ids(catalog.all(catalog::PluginKind::workload)), ", ")));
  Manifests out;
  for (const auto& name : split_list(names))
    add_once(out, catalog.find(catalog::PluginKind::workload, name), "--workload");
  return out;
}

// Those named on the command line, as far as they exist: for --help, which never fails.
void print_help(const cli::Command& command, const catalog::Catalog& catalog,
                std::span<const catalog::Flag> command_flags, std::span<const catalog::Given> given) {
  const auto find = [&](catalog::PluginKind kind, std::string_view flag) {
    Manifests found;
    for (const auto& name : split_list(last_text(given, flag))) {
      try {
        found.push_back(&catalog.find(kind, name));
      } catch (const base::Error& e) {
        fmt::print(stderr, "sage-host: {}\n", e.what());
      }
    }
    return found;
  };
  const auto workloads = find(catalog::PluginKind::workload, "workload");
  const auto backends =
      find(catalog::PluginKind::backend, own_flag(command_flags, "backends") != nullptr ? "backends" : "backend");
  const auto load = workloads.empty() ? load::load_options() : cell::load_specs(*workloads.front());
  const auto section = [](const std::string& title, std::span<const catalog::OptionSpec> specs) {
    std::vector<catalog::Flag> flags;
    for (const auto& spec : specs) flags.push_back({.spec = spec});
    return flags.empty() ? "" : fmt::format("\n{}\n{}", title, cli::flags_help(flags));
  };
  auto text = cli::command_help(command, command_flags);
  std::string sections = section(
      workloads.empty() ? "the load" : fmt::format("the load, with the defaults of {}", workloads.front()->id), load);
  for (const auto* workload : workloads) sections += section("options of workload " + workload->id, workload->options);
  for (const auto* backend : backends) sections += section("options of backend " + backend->id, backend->options);
  if (workloads.empty() || backends.empty())
    sections += "\nwith a workload and a backend named before --help, their own options are shown too\n";
  text.insert(text.find("\nexamples\n"), sections);
  fmt::print("{}", text);
}

// Why one of the backends cannot run the workload; empty if all can.
std::string why_not_run(const catalog::Manifest& workload, const Manifests& backends) {
  try {
    for (const auto* backend : backends) catalog::check_pairing(workload, *backend);
  } catch (const base::Error& e) {
    return e.what();
  }
  return {};
}

}  // namespace

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  for (size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    if (end > begin) out.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

std::optional<RunPlan> plan_run(const cli::Command& command, std::span<const std::string> args,
                                std::span<const catalog::Flag> command_flags) {
  // Which plugins take part decides which flags exist, so the command line is split twice.
  const auto shared = cli::split_arguments(args, command_flags);
  auto given = lower_layers(shared);
  const auto below_flags = given.size();
  given.insert(given.end(), shared.flags.begin(), shared.flags.end());

  const catalog::Catalog catalog(catalog::search_path(shared.text("plugin_path")));
  if (shared.help) {
    print_help(command, catalog, command_flags, given);
    return std::nullopt;
  }
  const auto workloads = find_workloads(catalog, shared, given);
  const auto backends = find_backends(catalog, command_flags, given);
  auto plugins = workloads;
  plugins.insert(plugins.end(), backends.begin(), backends.end());
  for (const auto* plugin : plugins) cell::refuse_host_names(*plugin);

  const auto flags = cell::all_flags(command_flags, plugins);
  const auto arguments = cli::split_arguments(args, flags);
  cli::refuse_unknown(arguments, flags, command.name);
  given.resize(below_flags);
  given.insert(given.end(), arguments.flags.begin(), arguments.flags.end());
  auto known = ids(catalog.all(catalog::PluginKind::workload));
  const auto known_backends = ids(catalog.all(catalog::PluginKind::backend));
  known.insert(known.end(), known_backends.begin(), known_backends.end());
  cell::check_names(given, plugins, known, command_flags);

  RunPlan plan;
  std::vector<std::string> command_line = {"sage-host", std::string(command.name)};
  command_line.insert(command_line.end(), args.begin(), args.end());
  for (const auto* workload : workloads) {
    const auto reason = why_not_run(*workload, backends);
    if (!reason.empty() && !arguments.has("all")) throw base::usage_error(reason);
    if (!reason.empty()) plan.skipped.push_back({workload->id, reason});
    for (const auto* backend : backends) {
      auto settings = cell::resolve(given, *workload, *backend, command_flags);
      plan.repeat = cell::get<int64_t>(settings.shared, "repeat");
      plan.output_dir = cell::get<std::string>(settings.shared, "output_dir");
      plan.resume = cell::get<std::string>(settings.shared, "resume");
      plan.dry_run = cell::get<bool>(settings.shared, "dry_run");
      plan.json = cell::get<bool>(settings.shared, "json");
      if (!reason.empty()) continue;
      plan.cells.push_back(plan_cell(std::move(settings), *workload, *backend, command_line));
    }
  }
  if (plan.cells.empty())
    throw base::usage_error(
        fmt::format("{} can run none of the workloads: {}",
                    backends.size() == 1 ? "backend '" + backends[0]->id + "'" : "not all the backends",
                    plan.skipped.front().reason));
  return plan;
}

PlannedCell plan_cell(cell::Settings settings, const catalog::Manifest& workload, const catalog::Manifest& backend,
                      const std::vector<std::string>& command_line) {
  auto spec = cell::make_cell(settings, workload, backend, command_line);
  std::optional<SearchSpec> search;
  if (!workload.search.empty()) search = read_search(settings, workload, backend);
  return {std::move(spec), std::move(settings), std::move(search)};
}

}  // namespace host::experiment
