// `experiment`: sides at points, in interleaved repetitions, as a file says.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/hash.hpp"
#include "base/quote.hpp"
#include "catalog/catalog.hpp"
#include "catalog/presets.hpp"
#include "catalog/trusted_file.hpp"
#include "cell/run_folder.hpp"
#include "cell/run_one.hpp"
#include "cell/settings.hpp"
#include "cli/run_arguments.hpp"
#include "experiment/cell_folders.hpp"
#include "experiment/experiment_run.hpp"
#include "experiment/state.hpp"
#include "experiment/yaml_experiment.hpp"
#include "records/run_id.hpp"

namespace host::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t file_size_max = 1 << 20;

// The folder that --resume names, or that of an id in the output folder.
fs::path find_experiment(const std::string& name, const fs::path& output_dir) {
  std::error_code error;
  for (const auto& folder : {fs::path(name), output_dir / name})
    if (experiment::State::exists(folder)) return fs::absolute(folder).lexically_normal();
  throw base::usage_error(
      fmt::format("--resume {}: there is no experiment of that id in {}, nor such a folder; name its --output-dir",
                  name, output_dir.string()));
}

bool is_yaml(const fs::path& file) { return file.extension() == ".yaml" || file.extension() == ".yml"; }

// A file, or the name of an experiment that comes with the installation.
fs::path file_called(const std::string& name) {
  std::error_code error;
  const bool is_name = fs::path(name).filename() == name && !fs::path(name).has_extension();
  return is_name && !fs::exists(name, error) ? catalog::find_preset(name) : fs::path(name);
}

// A configuration of the Python package becomes TOML, and what it has beyond that is told.
std::string text_of(const fs::path& file) {
  auto text = catalog::read_regular_file(file, "an experiment", file_size_max);
  if (!is_yaml(file)) return text;
  std::vector<std::string> left_out;
  auto toml = experiment::toml_of_yaml(text, file.string(), left_out);
  for (const auto& each : left_out) fmt::print(stderr, "sage-host: left out: {}\n", each);
  return toml;
}

// Places in a file are those of its TOML, which somebody who wrote YAML has not seen.
experiment::ExperimentRun planned(experiment::ExperimentArguments arguments) {
  const bool yaml = is_yaml(arguments.file);
  try {
    return experiment::plan_experiment(std::move(arguments));
  } catch (const base::Error& e) {
    throw yaml ? base::Error(e.code(), fmt::format("{} (a line of the TOML that the YAML becomes)", e.what())) : e;
  }
}

experiment::ExperimentArguments arguments_of(const Command& command, std::span<const std::string> args,
                                             const Arguments& given, const std::string& name) {
  experiment::ExperimentArguments out;
  out.file = file_called(name);
  out.text = text_of(out.file);
  out.file = fs::absolute(out.file).lexically_normal();
  out.backend = given.text("backend");
  for (const auto& flag : given.flags)
    if (flag.name == "set") out.set.push_back(flag.text);
  out.plugin_path = given.text("plugin_path");
  out.quick = given.on("quick");
  out.command_line = command_line_of(command, args);
  return out;
}

experiment::ExperimentRun resumed(const Command& command, std::span<const std::string> args, const Arguments& given,
                                  const fs::path& output_dir) {
  const auto root = find_experiment(given.text("resume"), output_dir);
  experiment::RunLock lock(root);
  auto arguments = experiment::recorded_arguments(root, given.on("trust_record"));
  if (!given.positional.empty()) {
    auto anew = arguments_of(command, args, given, given.positional[0]);
    if (anew.text != arguments.text)
      throw base::usage_error(
          fmt::format("--resume: {} is not the file that {} began with (its copy is experiment.toml "
                      "there); an experiment goes on as it began, or anew",
                      anew.file.string(), root.string()));
    arguments.file = anew.file;
    if (arguments.set.empty()) arguments.record.clear();  // all of it is the user's own
  }
  if (given.has("plugin_path")) arguments.plugin_path = given.text("plugin_path");
  arguments.command_line = command_line_of(command, args);
  auto run = experiment::plan_experiment(std::move(arguments));
  run.root = root;
  run.lock.emplace(std::move(lock));
  experiment::take_up(run);
  return run;
}

experiment::ExperimentRun begun(const Command& command, std::span<const std::string> args, const Arguments& given,
                                const std::string& name, const fs::path& output_dir) {
  auto run = planned(arguments_of(command, args, given, name));
  run.run_id = given.text("run_id");
  if (run.run_id.empty())
    run.run_id =
        fmt::format("{}-{}-{}", fs::path(name).stem().string(), records::utc_compact(std::chrono::system_clock::now()),
                    base::short_hash(base::sha256_hex(run.arguments.text)));
  experiment::check_run_id(run.run_id);
  run.root = fs::absolute(output_dir / run.run_id).lexically_normal();
  if (experiment::State::exists(run.root))
    throw base::usage_error(fmt::format("{} is there already; go on with it ({}), or choose another --run-id",
                                        run.root.string(), run.resume_command()));
  if (experiment::begun(run.root))
    throw base::usage_error(
        fmt::format("{} is there already, and is no experiment; choose another --run-id", run.root.string()));
  return run;
}

base::Exit run_or_tell(experiment::ExperimentRun run, const Arguments& given, const fs::path& output_dir) {
  if (!given.on("dry_run")) return experiment::run_experiment(run);
  if (const auto problem = run.resumed ? "" : cell::why_not_writable(output_dir); !problem.empty())
    throw base::Error(base::Exit::failed, problem);
  fmt::print("{}",
             given.on("json") ? experiment::experiment_json(run).dump(2) + "\n" : experiment::experiment_text(run));
  return base::Exit::ok;
}

// One after the other, those that the backend can run; until the user wants to stop.
base::Exit all_presets(const Command& command, std::span<const std::string> args, const Arguments& given,
                       const fs::path& output_dir) {
  auto exit = base::Exit::ok;
  size_t run = 0;
  for (const auto& preset : catalog::read_presets(catalog::preset_folder())) {
    if (exit == base::Exit::interrupted) break;
    std::optional<experiment::ExperimentRun> planned;
    try {
      planned.emplace(begun(command, args, given, preset.name, output_dir));
    } catch (const base::Error& e) {
      if (e.code() != base::Exit::usage) throw;
      fmt::print(stderr, "sage-host: skipped {}: {}\n", preset.name, base::one_line(e.what()));
      continue;
    }
    exit = cell::worse(exit, run_or_tell(std::move(*planned), given, output_dir));
    ++run;
  }
  if (run == 0) throw base::usage_error("--all-presets: none can be run so; the lines above say why");
  return exit;
}

void check_together(const Arguments& given) {
  const bool resume = given.has("resume");
  for (const auto* name : {"run_id", "backend", "set", "quick", "all_presets"})
    if (resume && given.has(name))
      throw base::usage_error(fmt::format("{} with --resume: the experiment's own settings hold; leave it out",
                                          catalog::option_flag(name)));
  if (given.on("all_presets") && (!given.positional.empty() || given.has("run_id")))
    throw base::usage_error("--all-presets runs those of 'sage-host list --experiments'; name no file and no --run-id");
  if (!resume && !given.on("all_presets") && given.positional.empty())
    throw base::usage_error(
        "which experiment? name its file, as in: sage-host experiment FILE.toml; or one of 'sage-host list "
        "--experiments'");
}

}  // namespace

const std::vector<catalog::Flag>& experiment_flags() {
  static const std::vector<catalog::Flag> flags = {
      {.spec = catalog::text_option("backend", "", "runs the sides that name none"),
       .placeholder = "ID",
       .letter = 'b'},
      {.spec = catalog::text_option("set", "", "any option of the cells, over what the file says; repeatable"),
       .placeholder = "KEY=VALUE",
       .repeatable = true},
      {.spec = catalog::toggle("quick", "reduced scale, as the file's [quick] says: a smoke run")},
      {.spec =
           catalog::toggle("all_presets", "every experiment that comes with the installation and that can be run so")},
      {.spec = catalog::text_option("output_dir", "artifacts/experiments", "root of the experiments' folders"),
       .placeholder = "DIR"},
      {.spec = catalog::text_option("run_id", "", "name of the experiment; default: <file>-<UTC>-<hash of the file>")},
      {.spec = catalog::text_option("plugin_path", "", "folders searched for manifests first"), .placeholder = "A:B"},
      {.spec = catalog::text_option("resume", "", "go on with an experiment that was cut off: its id, or its folder"),
       .placeholder = "RUN"},
      {.spec = catalog::toggle("trust_record",
                               "with --resume alone: also take from the record which plugins and programs run")},
      {.spec = catalog::toggle("dry_run", "validate everything, list cells, order and time, run nothing")},
      {.spec = catalog::toggle("json", "with --dry-run: print the plan as JSON")},
  };
  return flags;
}

base::Exit experiment_command(const Command& command, std::span<const std::string> args) {
  const auto given = parse_arguments(args, experiment_flags(), command.name, 1);
  if (given.help) {
    fmt::print("{}", command_help(command, experiment_flags()));
    return base::Exit::ok;
  }
  const fs::path output_dir = given.text("output_dir", "artifacts/experiments");
  check_together(given);
  if (given.on("all_presets")) return all_presets(command, args, given, output_dir);
  return run_or_tell(given.has("resume") ? resumed(command, args, given, output_dir)
                                         : begun(command, args, given, given.positional[0], output_dir),
                     given, output_dir);
}

}  // namespace host::cli
