// `doctor`: is everything there, and what would disturb a measurement? Each finding with its remedy.
#include <fmt/format.h>
#include <sage/abi.h>

#include <cstdio>

#include "base/table_text.hpp"
#include "catalog/catalog.hpp"
#include "catalog/python_env.hpp"
#include "catalog/trial_load.hpp"
#include "cell/run_folder.hpp"
#include "cell/settings.hpp"
#include "cli/commands.hpp"
#include "machine/findings.hpp"
#include "machine/machine.hpp"

namespace host::cli {
namespace {

machine::Finding plugin_finding(const catalog::CatalogEntry& entry) {
  if (!entry.manifest) return {"BROKEN", entry.file.filename().string(), entry.reason};
  const auto& manifest = *entry.manifest;
  const auto what = fmt::format("{} {}", catalog::to_string(manifest.kind), manifest.id);
  if (entry.state == catalog::CatalogEntry::State::shadowed) return {"note", what, entry.reason};
  try {
    if (manifest.kind == catalog::PluginKind::workload) (void)cell::load_specs(manifest);
  } catch (const base::Error& e) {
    return {"BROKEN", what, e.what()};
  }
  const auto probe = catalog::try_load(manifest);
  if (!probe.ok) return {"BROKEN", what, probe.error};
  return {"ok", what, fmt::format("{}, ABI 1.{}, {}", manifest.version, manifest.abi_minor, manifest.library.string())};
}

std::vector<machine::Finding> installation(const std::string& plugin_path) {
  std::vector<machine::Finding> out = {
      {"ok", "sage-host", fmt::format("{}, plugin ABI {}.{}", SAGE_HOST_VERSION, SAGE_ABI_MAJOR, SAGE_ABI_MINOR)}};
  const auto folders = catalog::search_path(plugin_path);
  for (const auto& folder : folders)
    out.push_back(
        {"ok", "plugin folder", folder.string() + (std::filesystem::is_directory(folder) ? "" : " (not there)")});
  const catalog::Catalog catalog(folders);
  for (const auto& entry : catalog.entries()) out.push_back(plugin_finding(entry));
  for (const auto kind : {catalog::PluginKind::workload, catalog::PluginKind::backend})
    if (catalog.all(kind).empty())
      out.push_back({"BROKEN", fmt::format("{}s", catalog::to_string(kind)),
                     "none can be used; name their folder with --plugin-path or SAGE_PLUGIN_PATH"});
  return out;
}

machine::Finding output_finding(const std::filesystem::path& folder) {
  if (const auto problem = cell::why_not_writable(folder); !problem.empty())
    return {"BROKEN", "output folder", problem};
  const auto free = machine::free_bytes(folder);
  if (!free) return {"warn", "output folder", folder.string() + ": free space not known"};
  const double gib = static_cast<double>(*free) / (1 << 30);
  return {gib < 1 ? "warn" : "ok", "output folder",
          fmt::format("{}: {:.1f} GiB free{}", folder.string(), gib, gib < 1 ? "; make room or use --output-dir" : "")};
}

// A backend that is not installed is nothing broken: it is for whoever wants it.
std::vector<machine::Finding> environments(const std::string& plugin_path) {
  std::vector<machine::Finding> out;
  const catalog::Catalog catalog(catalog::search_path(plugin_path));
  for (const auto* backend : catalog.all(catalog::PluginKind::backend)) {
    const auto env = catalog::python_env(*backend);
    if (!env) continue;
    const auto what = fmt::format("backend {}", backend->id);
    if (env->current())
      out.push_back(
          {"ok", what, fmt::format("{} in {}", env->linked() ? "your own" : env->package(), env->folder.string())});
    else
      out.push_back(
          {"note", what,
           fmt::format("{} is not installed; install it with: sage-host setup {}", env->package(), backend->id)});
  }
  return out;
}

// Returns how many are broken.
size_t print(const char* title, const std::vector<machine::Finding>& findings) {
  base::Table table;
  size_t broken = 0;
  for (const auto& finding : findings) {
    table.push_back({fmt::format("  {}", finding.state), finding.what, finding.detail});
    broken += std::string_view(finding.state) == "BROKEN" ? 1U : 0U;
  }
  fmt::print("{}\n{}", title, base::format_table(table));
  return broken;
}

}  // namespace

const std::vector<catalog::Flag>& doctor_flags() {
  static const std::vector<catalog::Flag> flags = {{.spec = cell::run_option("output_dir"), .placeholder = "DIR"},
                                                   {.spec = cell::run_option("plugin_path"), .placeholder = "A:B"}};
  return flags;
}

base::Exit doctor_command(const Command& command, std::span<const std::string> args) {
  const auto& flags = doctor_flags();
  const auto arguments = parse_arguments(args, flags, command.name);
  if (arguments.help) {
    fmt::print("{}", command_help(command, flags));
    return base::Exit::ok;
  }
  auto broken = print("installation", installation(arguments.text("plugin_path")));
  print("runtimes", environments(arguments.text("plugin_path")));
  broken += print("results", {output_finding(arguments.text("output_dir", "results"))});
  broken += print("measuring on this machine", machine::machine_findings(machine::inspect_machine()));
  if (broken == 0) return base::Exit::ok;
  fmt::print("{} broken\n", broken);
  return base::Exit::failed;
}

}  // namespace host::cli
