// `plugin check FILE.toml`: a plugin as the host will see it, and what short runs of it show, each with its result.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <functional>

#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "base/split.hpp"
#include "catalog/plugin.hpp"
#include "catalog/trial_load.hpp"
#include "cell/run_folder.hpp"
#include "cell/settings.hpp"
#include "cli/commands.hpp"
#include "conformance/conformance.hpp"

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

using conformance::Finding;

Finding finding(const char* name, const char* text, const std::string& problem, const char* remedy) {
  if (problem.empty()) return {.requirement = name, .text = text};
  return {.requirement = name, .text = text, .verdict = Finding::Verdict::broken, .detail = problem, .remedy = remedy};
}

// What can be told of the files. Throws Error where the rest cannot be looked at.
void check_files(const catalog::Manifest& manifest, const std::function<void(Finding)>& tell) {
  tell({.requirement = "manifest",
        .text = "manifest",
        .detail = fmt::format("{} '{}' {}", catalog::to_string(manifest.kind), manifest.id, manifest.version)});
  if (manifest.kind == catalog::PluginKind::workload) (void)cell::load_specs(manifest);
  cell::refuse_host_names(manifest);
  tell(finding("options", "its options have names of their own", "", ""));
  // No backend has what a workload requires by another name: no run of it would begin.
  tell(finding("capabilities", "the capabilities that it requires are known",
               unknown_of(manifest.required_capabilities), "correct [requires] capabilities"));
  const auto probe = catalog::try_load(manifest);
  tell(finding("loads", "library loads, its tables are complete and its embedded manifest agrees", probe.error,
               "see the text"));
  tell(finding("exports", "exports only " SAGE_ENTRY_SYMBOL, foreign_exports(manifest),
               "build it with sage_add_plugin() or a version script"));
}

void print(const Finding& f) {
  fmt::print("{:<7} {}{}{}\n", conformance::to_string(f.verdict), f.text, f.detail.empty() ? "" : ": ", f.detail);
  if (!f.remedy.empty() && f.remedy != "see the text") fmt::print("        remedy: {}\n", f.remedy);
  std::fflush(stdout);  // the next one may take a while
}

void print_json(const std::vector<Finding>& findings) {
  auto out = nlohmann::ordered_json::array();
  for (const auto& f : findings)
    out.push_back({{"requirement", f.requirement},
                   {"text", f.text},
                   {"verdict", base::to_lower(conformance::to_string(f.verdict))},
                   {"detail", f.detail},
                   {"remedy", f.remedy}});
  fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

std::vector<std::string> read_only(const Arguments& arguments) {
  const auto text = arguments.text("only");
  auto names = text.empty() ? std::vector<std::string>() : base::split(text, ',');
  auto known = conformance::requirement_names(catalog::PluginKind::backend);
  std::ranges::copy(conformance::requirement_names(catalog::PluginKind::workload), std::back_inserter(known));
  std::ranges::sort(known);
  known.erase(std::ranges::unique(known).begin(), known.end());
  for (const auto& name : names)
    if (std::ranges::find(known, name) == known.end())
      throw base::usage_error(fmt::format("--only: there is no requirement {}{}; there are {}", base::in_quotes(name),
                                          base::did_you_mean(name, known), fmt::join(known, ", ")));
  return names;
}

const catalog::OptionSpec& seed_option() {
  static const auto option =
      catalog::integer_option("seed", 1, 1, 9007199254740991, "of what is drawn: options, values, orders");
  return option;
}

uint64_t read_seed(const Arguments& arguments) {
  const auto* given = arguments.find("seed");
  if (given == nullptr) return 1;
  return static_cast<uint64_t>(std::get<int64_t>(catalog::parse_option(seed_option(), given->text, given->source)));
}

}  // namespace

const std::vector<catalog::Flag>& check_flags() {
  static const std::vector<catalog::Flag> flags = {
      {.spec = catalog::toggle("no_runs", "look at the files, and load the library; do no more")},
      {.spec = seed_option()},
      {.spec = catalog::text_option("only", "", "of what calls and runs show, these requirements: leaks,ends-once"),
       .placeholder = "NAMES"},
      {.spec = catalog::toggle("json", "print the findings as JSON")},
  };
  return flags;
}

base::Exit check_command(const Command& command, std::span<const std::string> args) {
  const auto arguments = parse_arguments(args, check_flags(), command.name, 1);
  if (arguments.help) {
    fmt::print("{}", command_help(command, check_flags()));
    return base::Exit::ok;
  }
  if (arguments.positional.empty())
    throw base::usage_error("plugin check: which manifest? usage: sage-host plugin check FILE.toml");
  const auto only = read_only(arguments);
  const auto broken = [](const Finding& f) { return f.verdict == Finding::Verdict::broken; };

  const bool json = arguments.on("json");
  std::vector<Finding> findings;
  const auto tell = [&](Finding found) {
    if (!json) print(found);
    findings.push_back(std::move(found));
  };
  try {
    const auto manifest = catalog::read_manifest(arguments.positional[0]);
    check_files(manifest, tell);
    if (const auto offered = unknown_of(manifest.capabilities); !offered.empty() && !json)
      fmt::print("note    capabilities: {}\n", offered);
    if (!arguments.on("no_runs") && std::ranges::none_of(findings, broken)) {
      const cell::ScratchDir scratch(cell::scratch_root());
      cell::StopSignals stop;
      conformance::try_plugin(manifest, catalog::open_catalog(""), scratch.path(), read_seed(arguments), only, stop,
                              tell);
      if (stop.count() != 0) return base::Exit::interrupted;
    }
  } catch (const base::Error& e) {
    tell(finding("plugin", "plugin", e.what(), "see the text"));
  }
  if (json) print_json(findings);
  return std::ranges::any_of(findings, broken) ? base::Exit::failed : base::Exit::ok;
}

}  // namespace host::cli
