// `plugin check FILE.toml`: a plugin as the host will see it, each step with its result.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/nearest.hpp"
#include "catalog/plugin.hpp"
#include "catalog/trial_load.hpp"
#include "cell/settings.hpp"
#include "cli/commands.hpp"

namespace host::cli {
namespace {

std::string foreign_exports(const catalog::Manifest& manifest) {
  const auto symbols = catalog::exported_symbols(manifest.library);
  std::string foreign;
  for (const auto& symbol : symbols)
    if (symbol != SAGE_ENTRY_SYMBOL) foreign += (foreign.empty() ? "" : ", ") + symbol;
  if (std::ranges::find(symbols, SAGE_ENTRY_SYMBOL) == symbols.end()) return "it does not export " SAGE_ENTRY_SYMBOL;
  return foreign.empty() ? "" : "it also exports " + foreign + "; build it with sage_add_plugin() or a version script";
}

// What the host and the shipped plugins mean something by. Others are for whoever made them up: a workload may require
// of a backend what both know.
std::string unknown_capability(const std::string& capability) {
  static const std::vector<std::string> known = {"keyed",
                                                 "node-classes",
                                                 "nodes",
                                                 "operators",
                                                 "priority",
                                                 "spans",
                                                 "stages",
                                                 "virtual-time",
                                                 "scheduler.fifo",
                                                 "scheduler.load_aware",
                                                 "scheduler.priority",
                                                 "scheduler.slo_aware",
                                                 "scheduler.hybrid",
                                                 "fault.kill-worker",
                                                 "fault.freeze-worker",
                                                 "fault.kill-node",
                                                 "fault.freeze-node",
                                                 "fault.slow-node",
                                                 "fault.drop-link",
                                                 "reconfigure.parallelism",
                                                 "reconfigure.add-node",
                                                 "reconfigure.remove-node",
                                                 "reconfigure.move-stage",
                                                 "reconfigure.replace-worker"};
  if (std::ranges::find(known, capability) != known.end()) return "";
  return fmt::format("'{}' is none that the host knows{}", capability, base::did_you_mean(capability, known));
}

std::string unknown_of(const std::vector<std::string>& capabilities) {
  std::string out;
  for (const auto& capability : capabilities)
    if (const auto unknown = unknown_capability(capability); !unknown.empty())
      out += (out.empty() ? "" : "; ") + unknown;
  return out;
}

}  // namespace

base::Exit check_command(const Command& command, std::span<const std::string> args) {
  const auto arguments = parse_arguments(args, {}, command.name, 1);
  if (arguments.help) {
    fmt::print("{}", command_help(command, {}));
    return base::Exit::ok;
  }
  if (arguments.positional.empty())
    throw base::usage_error("plugin check: which manifest? usage: sage-host plugin check FILE.toml");

  const auto line = [](bool ok, const char* what, const std::string& detail) {
    fmt::print("{:<7} {}{}{}\n", ok ? "ok" : "BROKEN", what, detail.empty() ? "" : ": ", detail);
    return ok;
  };
  bool ok = true;
  try {
    const auto manifest = catalog::read_manifest(arguments.positional[0]);
    line(true, "manifest", fmt::format("{} '{}' {}", catalog::to_string(manifest.kind), manifest.id, manifest.version));
    if (manifest.kind == catalog::PluginKind::workload) (void)cell::load_specs(manifest);
    cell::refuse_host_names(manifest);
    line(true, "its options have names of their own", "");
    // No backend has what a workload requires by another name: no run of it would begin.
    const auto required = unknown_of(manifest.required_capabilities);
    ok = line(required.empty(), "the capabilities that it requires are known", required);
    if (const auto offered = unknown_of(manifest.capabilities); !offered.empty())
      fmt::print("note    capabilities: {}\n", offered);
    const auto probe = catalog::try_load(manifest);
    ok = line(probe.ok, "library loads, its tables are complete and its embedded manifest agrees", probe.error) && ok;
    const auto foreign = foreign_exports(manifest);
    ok = line(foreign.empty(), "exports only " SAGE_ENTRY_SYMBOL, foreign) && ok;
  } catch (const base::Error& e) {
    ok = line(false, "plugin", e.what());
  }
  return ok ? base::Exit::ok : base::Exit::failed;
}

}  // namespace host::cli
