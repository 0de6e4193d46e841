#include "experiment/run_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "base/error.hpp"
#include "base/split.hpp"

namespace host::experiment {
namespace {

// --all, of which check_names() sees to it that it stands on the command line.
bool all_of_them(std::span<const catalog::Given> given) { return last_text(given, "all") == "true"; }

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
  const auto* flag = many != nullptr ? many : own_flag(flags, "backend");
  if (flag == nullptr) throw std::logic_error("a command that plans runs has --backend or --backends");
  const auto& spec = *flag;
  const auto standard = std::get<std::string>(spec.default_value);
  const auto names = last_text(given, spec.name, standard);
  Manifests out;
  for (const auto& name : many != nullptr ? base::split(names, ',') : std::vector{names})
    add_once(out, find_backend(catalog, name, names == standard), catalog::option_flag(spec.name));
  return out;
}

Manifests find_workloads(const catalog::Catalog& catalog, std::span<const catalog::Given> given) {
  const auto names = last_text(given, "workload");
  if (all_of_them(given)) {
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
  for (const auto& name : base::split(names, ','))
    add_once(out, catalog.find(catalog::PluginKind::workload, name), "--workload");
  return out;
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

std::string last_text(std::span<const catalog::Given> given, std::string_view name, std::string otherwise) {
  for (const auto& each : given)
    if (each.owner.empty() && each.name == name) otherwise = each.text;
  return otherwise;
}

Chosen choose_plugins(const catalog::Catalog& catalog, std::span<const catalog::Given> given,
                      std::span<const catalog::Flag> command_flags) {
  Chosen out{find_workloads(catalog, given), find_backends(catalog, command_flags, given)};
  for (const auto* plugin : out.all()) cell::refuse_host_names(*plugin);
  return out;
}

Manifests Chosen::all() const {
  auto out = workloads;
  out.insert(out.end(), backends.begin(), backends.end());
  return out;
}

RunPlan plan_run(const catalog::Catalog& catalog, const Chosen& chosen, std::span<const catalog::Given> given,
                 std::span<const catalog::Flag> command_flags, const std::vector<std::string>& command_line) {
  auto known = ids(catalog.all(catalog::PluginKind::workload));
  const auto known_backends = ids(catalog.all(catalog::PluginKind::backend));
  known.insert(known.end(), known_backends.begin(), known_backends.end());
  cell::check_names(given, chosen.all(), known, command_flags);

  RunPlan plan;
  for (const auto* workload : chosen.workloads) {
    const auto reason = why_not_run(*workload, chosen.backends);
    if (!reason.empty() && !all_of_them(given)) throw base::usage_error(reason);
    if (!reason.empty()) plan.skipped.push_back({workload->id, reason});
    for (const auto* backend : chosen.backends) {
      auto settings = cell::resolve(given, *workload, *backend, command_flags);
      plan.repeat = static_cast<uint32_t>(cell::get<int64_t>(settings.shared, "repeat"));
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
                    chosen.backends.size() == 1 ? "backend '" + chosen.backends[0]->id + "'" : "not all the backends",
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
