// `plugin check FILE.toml`: a plugin as the host will see it, each step with its result.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

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
    const auto probe = catalog::try_load(manifest);
    ok = line(probe.ok, "library loads, its tables are complete and its embedded manifest agrees", probe.error);
    const auto foreign = foreign_exports(manifest);
    ok = line(foreign.empty(), "exports only " SAGE_ENTRY_SYMBOL, foreign) && ok;
  } catch (const base::Error& e) {
    ok = line(false, "plugin", e.what());
  }
  return ok ? base::Exit::ok : base::Exit::failed;
}

}  // namespace host::cli
