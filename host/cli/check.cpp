// `plugin check FILE.toml`: a plugin as the host will see it, each step with its result.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "catalog/plugin.hpp"
#include "cli/commands.hpp"
#include "cli/probe.hpp"
#include "cli/settings.hpp"

namespace host {
namespace {

std::string foreign_exports(const Manifest& manifest) {
  const auto symbols = exported_symbols(manifest.library);
  std::string foreign;
  for (const auto& symbol : symbols)
    if (symbol != SAGE_ENTRY_SYMBOL) foreign += (foreign.empty() ? "" : ", ") + symbol;
  if (std::ranges::find(symbols, SAGE_ENTRY_SYMBOL) == symbols.end()) return "it does not export " SAGE_ENTRY_SYMBOL;
  return foreign.empty() ? "" : "it also exports " + foreign + "; build it with sage_add_plugin() or a version script";
}

}  // namespace

Exit check_command(const Command& command, std::span<const std::string> args) {
  const auto arguments = parse_arguments(args, {}, command.name, 1);
  if (arguments.help) {
    fmt::print("{}", command_help(command, {}));
    return Exit::ok;
  }
  if (arguments.positional.empty())
    throw usage_error("plugin check: which manifest? usage: sage-host plugin check FILE.toml");

  const auto line = [](bool ok, const char* what, const std::string& detail) {
    fmt::print("{:<7} {}{}{}\n", ok ? "ok" : "BROKEN", what, detail.empty() ? "" : ": ", detail);
    return ok;
  };
  bool ok = true;
  try {
    const auto manifest = read_manifest(arguments.positional[0]);
    line(true, "manifest", fmt::format("{} '{}' {}", to_string(manifest.kind), manifest.id, manifest.version));
    if (manifest.kind == PluginKind::workload) (void)load_specs(manifest);
    const auto probe = probe_plugin(manifest);
    ok = line(probe.ok, "library loads, its tables are complete and its embedded manifest agrees", probe.error);
    const auto foreign = foreign_exports(manifest);
    ok = line(foreign.empty(), "exports only " SAGE_ENTRY_SYMBOL, foreign) && ok;
  } catch (const Error& e) {
    ok = line(false, "plugin", e.what());
  }
  return ok ? Exit::ok : Exit::failed;
}

}  // namespace host
