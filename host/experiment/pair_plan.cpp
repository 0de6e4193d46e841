// From the command line of `pair` to the cells in their order.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <chrono>

#include "base/hash.hpp"
#include "base/table_text.hpp"
#include "catalog/python_env.hpp"
#include "cli/compare_flags.hpp"
#include "compare/gate.hpp"
#include "experiment/pair_order.hpp"
#include "experiment/pair_run.hpp"
#include "records/run_id.hpp"
#include "report/comparison_job.hpp"

namespace host::experiment {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t hash_digits = 12;  // of a configuration, in names of folders and run ids

catalog::OptionSpec text(std::string name, std::string value, std::string help) {
  catalog::OptionSpec spec;
  spec.name = std::move(name);
  spec.default_value = std::move(value);
  spec.help = std::move(help);
  return spec;
}

// Those of `run`, with several backends, another output folder and its own meaning of --resume.
const std::vector<catalog::Flag>& pair_flags() {
  static const std::vector<catalog::Flag> flags = [] {
    auto out = cell::run_flags();
    const auto flag = [&](std::string_view name) -> catalog::Flag& {
      return *std::ranges::find_if(out, [&](const catalog::Flag& each) { return each.spec.name == name; });
    };
    flag("backend") = {.spec = text("backends", "sage,ray", "what runs it, two or more"), .placeholder = "ID,ID..."};
    flag("all").spec.help = "every workload that all the backends can run";
    flag("output_dir").spec.default_value = std::string("artifacts/paired_backend_runs");
    flag("repeat").spec.help = "repetitions on each backend, in blocks; an interval needs 3";
    flag("resume") = {.spec = text("resume", "", "go on with a paired run: its id, or its folder"),
                      .placeholder = "RUN"};
    out.push_back({.spec = {.name = "cooldown",
                            .type = catalog::OptionType::number,
                            .default_value = 1.0,
                            .quick = catalog::OptionValue(0.2),
                            .min = 0,
                            .max = 3600,
                            .unit = "s",
                            .help = "rest between two cells"}});
    out.push_back({.spec = text("run_id", "", "name of the run; default: paired-<UTC>-<configuration hash>")});
    out.push_back({.spec = text("baseline", "", "what the others are set against; default: the first backend"),
                   .placeholder = "ID"});
    out.push_back({.spec = text("margin", "5%", "the difference that matters"), .placeholder = "SHARE"});
    out.push_back({.spec = text("gate", "", "conditions on ratios; exit code 5 when one is not met"),
                   .placeholder = "CONDITIONS"});
    out.push_back({.spec = catalog::toggle("gate_lenient", "inconclusive conditions pass")});
    return out;
  }();
  return flags;
}

void check_run_id(const std::string& id) {
  const bool plain =
      std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; });
  if (!plain || id.empty() || id[0] == '.' || id.size() > 128)
    throw base::usage_error(fmt::format("--run-id '{}': give up to 128 letters, digits, '-', '_' and '.'", id));
}

// Of the one configuration, or of all of them.
std::string set_hash(const std::vector<PairWorkload>& workloads) {
  if (workloads.size() == 1) return workloads[0].config_hash;
  auto hashes = nlohmann::json::array();
  for (const auto& workload : workloads) hashes.push_back(workload.config_hash);
  return base::config_hash(hashes);
}

void take_plan(PairRun& run, RunPlan&& plan) {
  for (const auto& cell : plan.cells) {
    if (run.workloads.empty() || run.workloads.back().id != cell.spec.workload)
      run.workloads.push_back({.id = cell.spec.workload, .config_hash = cell.spec.config_hash});
    if (run.workloads.size() == 1) run.backends.push_back(cell.spec.backend);
    // By construction; if not, the comparison would be of different things.
    if (run.workloads.back().config_hash != cell.spec.config_hash)
      throw base::Error(base::Exit::failed, fmt::format("{} has another configuration on {} than on {}: {} and {}",
                                                        cell.spec.workload, cell.spec.backend, run.backends[0],
                                                        cell.spec.config_hash, run.workloads.back().config_hash));
  }
  if (run.backends.size() < 2)
    throw base::usage_error(fmt::format("--backends {}: a pair needs two or more; 'sage-host run' takes one",
                                        fmt::join(run.backends, ",")));
  const auto& shared = plan.cells[0].settings.shared;
  run.repeat = static_cast<uint32_t>(plan.repeat);
  run.cooldown_s = cell::get<double>(shared, "cooldown");
  run.comparison = {cell::get<std::string>(shared, "baseline"), cell::get<std::string>(shared, "margin"),
                    cell::get<std::string>(shared, "gate"), cell::get<bool>(shared, "gate_lenient")};
  run.plugin_path = cell::get<std::string>(shared, "plugin_path");
  run.run_id = cell::get<std::string>(shared, "run_id");
  run.planned = std::move(plan.cells);
  run.skipped = std::move(plan.skipped);
  const auto seed = run.planned[0].spec.seed;
  for (size_t w = 0; w < run.workloads.size(); ++w)
    run.workloads[w].order = backend_orders(run.backends.size(), run.repeat, seed, w);
}

void check_comparison(PairRun& run) {
  auto& how = run.comparison;
  if (how.baseline.empty()) how.baseline = run.backends[0];
  if (std::ranges::find(run.backends, how.baseline) == run.backends.end())
    throw base::usage_error(
        fmt::format("--baseline {}: it takes no part; there are {}", how.baseline, fmt::join(run.backends, ", ")));
  (void)cli::parse_share("--margin", how.margin, 0, 1);
  (void)compare::parse_gate(how.gate);
}

// What --resume names: the folder of the run.
fs::path find_run(const std::string& name, const fs::path& output_dir) {
  std::error_code error;
  for (const auto& folder : {fs::path(name), output_dir / ("run_id=" + name)}) {
    if (!fs::is_directory(folder, error)) continue;
    const auto path = fs::absolute(folder).lexically_normal();
    const auto of_run = path.has_filename() ? path : path.parent_path();
    return fs::exists(of_run / "manifest.json", error) ? of_run.parent_path() : of_run;
  }
  throw base::usage_error(
      fmt::format("--resume {}: there is no paired run of that id in {}, nor such a folder; name its "
                  "--output-dir",
                  name, output_dir.string()));
}

std::string quoted(const std::string& text) {
  const bool plain = std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("-_./=:,+@").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain && !text.empty()) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

const char* to_string(PairCell::State state) {
  constexpr std::array names = {"pending", "ok", "invalid", "failed"};
  return names[static_cast<size_t>(state)];
}

fs::path PairRun::folder(size_t workload) const {
  return root / fmt::format("config_hash={}", workloads[workload].config_hash.substr(0, hash_digits));
}

std::string PairRun::cell_name(const PairCell& cell) const {
  return fmt::format("{}-{}", cell.repetition, backends[cell.backend]);
}

std::string PairRun::resume_command() const {
  auto out = fmt::format("sage-host pair --resume {}", quoted(root.string()));
  if (!plugin_path.empty()) out += " --plugin-path " + quoted(plugin_path);
  return out;
}

std::vector<PairCell> cells_of(const PairRun& run) {
  std::vector<PairCell> cells;
  for (uint32_t block = 0; block < run.repeat; ++block) {
    for (size_t w = 0; w < run.workloads.size(); ++w) {
      const auto& order = run.workloads[w].order[block];
      for (uint32_t place = 0; place < order.size(); ++place)
        cells.push_back({.workload = w, .backend = order[place], .repetition = block + 1, .position = place + 1});
    }
  }
  return cells;
}

std::optional<PairRun> plan_pair(const cli::Command& command, std::span<const std::string> args) {
  const auto given = cli::split_arguments(args, pair_flags());
  std::vector<std::string> command_line = {"sage-host", std::string(command.name)};
  command_line.insert(command_line.end(), args.begin(), args.end());
  const auto output_dir = given.text("output_dir", "artifacts/paired_backend_runs");
  const auto resume = given.text("resume");
  if (!resume.empty() && given.has("run_id")) throw base::usage_error("--resume names the run; leave --run-id out");
  PairRun run;
  run.command_line = command_line;
  // With --resume and nothing else about it, what is to run is in the run's own manifests.
  const bool recorded = !resume.empty() && !given.has("workload") && !given.has("all") && !given.help;
  if (recorded) {
    const auto arguments = cli::parse_arguments(args, pair_flags(), command.name);
    for (const auto& each : arguments.flags)
      if (each.name != "resume" && each.name != "output_dir" && each.name != "plugin_path" && each.name != "dry_run" &&
          each.name != "json")
        throw base::usage_error(
            fmt::format("{} with --resume: the run's own settings hold; leave it out, or repeat the whole "
                        "command line to have it checked",
                        each.source));
    const auto on = [&](const char* name) { return arguments.text(name, "false") == "true"; };
    run.dry_run = on("dry_run");
    run.json = on("json");
    run.plugin_path = arguments.text("plugin_path");
  } else {
    auto plan = plan_run(command, args, pair_flags());
    if (!plan) return std::nullopt;
    run.dry_run = plan->dry_run;
    run.json = plan->json;
    take_plan(run, std::move(*plan));
  }
  if (!resume.empty()) {
    run.root = find_run(resume, output_dir);
    take_up(run, catalog::Catalog(catalog::search_path(run.plugin_path)), command_line);
    run.resumed = true;
  } else {
    const auto hash = set_hash(run.workloads);
    if (run.run_id.empty())
      run.run_id = fmt::format("paired-{:%Y%m%dT%H%M%SZ}-{}",
                               fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())),
                               hash.substr(0, hash_digits));
    check_run_id(run.run_id);
    run.root = fs::absolute(fs::path(output_dir) / ("run_id=" + run.run_id)).lexically_normal();
    std::error_code error;
    if (fs::exists(run.root, error))
      throw base::usage_error(fmt::format("{} is there already; go on with it ({}), or choose another --run-id",
                                          run.root.string(), run.resume_command()));
    run.cells = cells_of(run);
  }
  check_comparison(run);
  return run;
}

std::string pair_text(const PairRun& run) {
  std::string text;
  for (size_t w = 0; w < run.workloads.size(); ++w)
    text += fmt::format("{}: config_hash {}\n  {}\n", run.workloads[w].id, run.workloads[w].config_hash,
                        run.folder(w).string());
  text += "\n";
  base::Table table = {{"  #", "BLOCK", "WORKLOAD", "BACKEND", "STATE", "FOLDER"}};
  for (size_t i = 0; i < run.cells.size(); ++i) {
    const auto& cell = run.cells[i];
    table.push_back({fmt::format("{:3}", i + 1), fmt::format("{}", cell.repetition), run.workloads[cell.workload].id,
                     run.backends[cell.backend], to_string(cell.state), "cells/" + run.cell_name(cell)});
  }
  text += base::format_table(table);
  for (const auto& skipped : run.skipped) text += fmt::format("skipped {}: {}\n", skipped.id, skipped.reason);
  return text +
         fmt::format("\n{} cells, {:g} s of rest between them; nothing was run\n", run.cells.size(), run.cooldown_s);
}

Json pair_json(const PairRun& run) {
  Json out = {{"run_id", run.run_id},   {"folder", run.root.string()},  {"backends", run.backends},
              {"repeat", run.repeat},   {"cooldown_s", run.cooldown_s}, {"workloads", Json::array()},
              {"cells", Json::array()}, {"skipped", Json::array()}};
  for (size_t w = 0; w < run.workloads.size(); ++w)
    out["workloads"].push_back({{"workload", run.workloads[w].id},
                                {"config_hash", run.workloads[w].config_hash},
                                {"folder", run.folder(w).string()},
                                {"config", run.planned[w * run.backends.size()].spec.config}});
  for (const auto& cell : run.cells)
    out["cells"].push_back({{"workload", run.workloads[cell.workload].id},
                            {"backend", run.backends[cell.backend]},
                            {"block", cell.repetition},
                            {"repetition", cell.repetition},
                            {"position", cell.position},
                            {"state", to_string(cell.state)},
                            {"folder", (run.folder(cell.workload) / "cells" / run.cell_name(cell)).string()}});
  for (const auto& skipped : run.skipped)
    out["skipped"].push_back({{"workload", skipped.id}, {"reason", skipped.reason}});
  return out;
}

}  // namespace host::experiment
