// What `run` takes, as data.
#include <algorithm>

#include "cell/settings.hpp"
#include "load/load.hpp"

namespace host::cell {
namespace {

// A name that several plugins declare is one flag; check_names() refuses it where it would be ambiguous.
void add_options(std::vector<catalog::Flag>& flags, const catalog::Manifest& plugin) {
  for (const auto& spec : plugin.options)
    if (std::ranges::none_of(flags, [&](const catalog::Flag& flag) { return flag.spec.name == spec.name; }))
      flags.push_back({.spec = spec});
}

}  // namespace

const std::vector<catalog::Flag>& run_flags() {
  static const std::vector<catalog::Flag> flags = {
      {.spec = catalog::text_option("workload", "", "what is run; 'sage-host list' shows them"),
       .placeholder = "ID[,ID...]",
       .aliases = {"experiment"}},
      {.spec = catalog::toggle("all", "run every workload that the backend can run, in order of id")},
      {.spec = catalog::text_option("backend", "sage", "what runs it"), .placeholder = "ID", .letter = 'b'},
      {.spec = catalog::integer_option("nodes", 1, 1, 100'000, "worker nodes")},
      {.spec = catalog::integer_option("parallelism", 2, 1, 65'536, "replicas of each operator, a node")},
      {.spec = catalog::text_option("scheduler", "default",
                                    "fifo, load_aware, priority, slo_aware, hybrid: what the backend offers"),
       .placeholder = "NAME"},
      {.spec = catalog::integer_option("seed", 42, 0, 9e18, "the same seed gives the same schedule and inputs")},
      {.spec = catalog::integer_option("repeat", 1, 1, 100'000, "repetitions, each a process and a record of its own")},
      {.spec = catalog::toggle("quick", "reduced scale: a smoke run of seconds")},
      {.spec = catalog::integer_option(
           "parity_check", 1000, 0, 1'000'000,
           "the first so many results are compared with a serial execution after the run; 0 = none")},
      {.spec = catalog::integer_option("parity_batch_size", 16, 1, 1'000'000, "batch size of the parity split")},
      {.spec = catalog::text_option("output_dir", "results", "root of the result folders"), .placeholder = "DIR"},
      {.spec = catalog::text_option("request_log", "none", "log single requests", {"none", "jsonl", "binary"})},
      {.spec = catalog::number_option("request_sample", 1, 0, 1, "", "share of requests in the log")},
      {.spec = catalog::number_option("interval", 1, 0.01, 86'400, "s", "time between records of progress")},
      {.spec = catalog::number_option(
           "open_timeout", 0, 0, 86'400, "s",
           "most time that the backend may take to start; 0 = what its manifest says, else 120 s")},
      {.spec =
           catalog::number_option("max_duration", 0, 0, 3.2e7, "s",
                                  "most time from the first due time to the last request sent, by the clock on the "
                                  "wall; what is over it ends INVALID. 0 = 3 times what is planned and --timeout, at "
                                  "least 60 s, in simulated time an hour")},
      {.spec = catalog::text_option("config", "", "options from a TOML file"), .placeholder = "FILE.toml"},
      {.spec = catalog::text_option("set", "", "any option by name, or qualified as ID.KEY=VALUE; repeatable"),
       .placeholder = "KEY=VALUE",
       .repeatable = true},
      {.spec = catalog::text_option("plugin_path", "", "folders searched for manifests first"), .placeholder = "A:B"},
      {.spec = catalog::text_option(
           "resume", "", "go on with several runs, or a search, that were cut off; what is finished is not done again"),
       .placeholder = "RUN_ID"},
      {.spec = catalog::toggle(
           "trust_record",
           "with --resume: also take from the record which programs and clusters run, such as sage.python")},
      {.spec = catalog::toggle("dry_run", "validate everything, print the plan, run nothing")},
      {.spec = catalog::toggle("json", "with --dry-run: print the plan as JSON")},
      {.spec = catalog::toggle("verbose", "debug output"), .letter = 'v'},
  };
  return flags;
}

const catalog::OptionSpec& run_option(std::string_view name) {
  return std::ranges::find_if(run_flags(), [&](const catalog::Flag& flag) { return flag.spec.name == name; })->spec;
}

std::vector<catalog::Flag> all_flags(std::span<const catalog::Flag> command_flags,
                                     std::span<const catalog::Manifest* const> plugins) {
  std::vector<catalog::Flag> flags(command_flags.begin(), command_flags.end());
  const auto workload = [](const catalog::Manifest* plugin) { return plugin->kind == catalog::PluginKind::workload; };
  const auto first = std::ranges::find_if(plugins, workload);
  const auto load = std::ranges::count_if(plugins, workload) == 1 ? load_specs(**first) : load::load_options();
  for (const auto& spec : load) flags.push_back({.spec = spec});
  for (const auto* plugin : plugins) add_options(flags, *plugin);
  return flags;
}

}  // namespace host::cell
