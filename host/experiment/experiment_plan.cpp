// From an experiment's file to its cells.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/quote.hpp"
#include "catalog/catalog.hpp"
#include "compare/gate.hpp"
#include "experiment/experiment_run.hpp"
#include "experiment/recorded_options.hpp"

namespace host::experiment {
namespace {

namespace fs = std::filesystem;

// What the experiment itself decides, or the command.
void refuse_own(const catalog::Given& given) {
  for (const auto* name : {"workload", "backend", "repeat", "output_dir", "quick"})
    if (given.owner.empty() && given.name == name)
      throw base::usage_error(fmt::format(
          "{}: that is no option of a cell; {}", given.source,
          given.name == "quick" ? "give --quick to the command" : "it has a place of its own in an experiment's file"));
}

std::string text_of(const nlohmann::json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// Every combination of a value of each axis, the last one changing fastest, at each point of the list.
std::vector<Point> all_points(const ExperimentFile& file) {
  std::vector<Point> points(1);
  const auto extend = [&](size_t choices, const auto& put) {
    std::vector<Point> out;
    for (const auto& point : points)
      for (size_t i = 0; i < choices; ++i) {
        out.push_back(point);
        put(out.back(), i);
      }
    points = std::move(out);
  };
  const auto put = [](Point& point, const OptionEntry& entry) {
    point.values[entry.key] = entry.value;
    point.given.push_back(entry.given);
  };
  const auto named = [](Point& point, const std::string& text) {
    point.name += (point.name.empty() ? "" : ", ") + text;
  };
  if (!file.points.empty())
    extend(file.points.size(), [&](Point& point, size_t i) {
      for (const auto& entry : file.points[i].options) put(point, entry);
      named(point, file.points[i].name);
    });
  for (const auto& axis : file.axes)
    extend(axis.values.size(), [&](Point& point, size_t i) {
      put(point, axis.values[i]);
      named(point, fmt::format("{} = {}", axis.key, text_of(axis.values[i].value)));
    });
  if (points.size() == 1 && points[0].name.empty()) points[0].name = "all";
  return points;
}

void check_size(const ExperimentFile& file, const std::string& where) {
  double cells = static_cast<double>(file.sides.size()) * (file.until.empty() ? file.repeat : file.repeat_max);
  cells *= static_cast<double>(std::max<size_t>(file.points.size(), 1));
  for (const auto& axis : file.axes) cells *= static_cast<double>(axis.values.size());
  if (cells > static_cast<double>(most_cells))
    throw base::usage_error(
        fmt::format("{}: that makes {:.15g} cells, sides x points x repetitions, and {} are the most; "
                    "shorten an axis, or make several experiments",
                    where, cells, most_cells));
}

struct PlannedSide {
  const catalog::Manifest* workload;
  const catalog::Manifest* backend;
};

class Planner {
 public:
  Planner(const ExperimentArguments& arguments, ExperimentRun& run) : arguments_(arguments), run_(run) {
    for (const auto& text : arguments.set) set_.push_back(cell::parse_set(text));
    if (arguments.quick) set_.push_back({"", "quick", "true", "--quick"});
  }

  void plan() {
    refuse_settings();
    std::vector<PlannedSide> sides;
    std::map<std::string, const catalog::Manifest*> plugins;
    for (const auto& side : run_.file.sides) {
      const auto& found = sides.emplace_back(find(side));
      plugins[found.workload->id] = found.workload;
      plugins[found.backend->id] = found.backend;
    }
    check_names(plugins);
    for (const auto& point : run_.points)
      for (size_t s = 0; s < sides.size(); ++s) run_.experiment.planned.push_back(plan_cell_of(point, s, sides[s]));
  }

 private:
  // An axis that the command line sets would be none.
  void refuse_settings() const {
    for (const auto& given : set_) {
      for (const auto& point : run_.points)
        for (const auto& other : point.given)
          if (other.name == given.name && other.owner == given.owner)
            throw base::usage_error(
                fmt::format("{}: the experiment varies it ({}); shorten that in the file", given.source, other.source));
    }
  }

  PlannedSide find(const SideEntry& side) {
    auto path = arguments_.plugin_path;
    if (!side.plugin_path.empty() && !arguments_.record.empty())
      throw base::usage_error(
          fmt::format("{}: side {} has a plugin_path there, {}, which decides whose code runs; name the experiment's "
                      "file too, or add "
                      "--trust-record, if you know that the record is yours",
                      arguments_.record, base::in_quotes(side.name), base::in_quotes(side.plugin_path)));
    if (!side.plugin_path.empty()) {
      const auto own = (arguments_.file.parent_path() / side.plugin_path).lexically_normal().string();
      path = path.empty() ? own : own + ":" + path;
    }
    if (!catalogs_.contains(path)) catalogs_.emplace(path, catalog::open_catalog(path));
    const auto& catalog = catalogs_.at(path);
    for (const auto kind : {catalog::PluginKind::workload, catalog::PluginKind::backend})
      for (const auto* manifest : catalog.all(kind)) known_ids_.push_back(manifest->id);
    auto backend = side.backend;
    if (backend.empty()) backend = !arguments_.backend.empty() ? arguments_.backend : run_.file.backend;
    if (backend.empty())
      throw base::usage_error(
          fmt::format("{}: side {} names no backend, nor does the file; add backend = \"...\", or "
                      "give --backend",
                      side.where, base::in_quotes(side.name)));
    const PlannedSide out{&catalog.find(catalog::PluginKind::workload, run_.file.workload),
                          &catalog.find(catalog::PluginKind::backend, backend)};
    for (const auto* plugin : {out.workload, out.backend}) cell::refuse_host_names(*plugin);
    try {
      catalog::check_pairing(*out.workload, *out.backend);
    } catch (const base::Error& e) {
      throw base::usage_error(fmt::format("{}: side {}: {}", side.where, base::in_quotes(side.name), e.what()));
    }
    return out;
  }

  void check_names(const std::map<std::string, const catalog::Manifest*>& plugins) const {
    std::vector<const catalog::Manifest*> taking_part;
    for (const auto& [id, manifest] : plugins) taking_part.push_back(manifest);
    const auto check = [&](const std::vector<catalog::Given>& given) {
      for (const auto& each : given)
        if (each.source != "--quick") refuse_own(each);
      cell::check_names(given, taking_part, known_ids_);
    };
    check(givens(run_.file.options));
    check(set_);
    for (const auto& side : run_.file.sides) check(givens(side.options));
    for (const auto& point : run_.points) check(point.given);
  }

  static std::vector<catalog::Given> givens(const std::vector<OptionEntry>& entries) {
    std::vector<catalog::Given> out;
    for (const auto& entry : entries) out.push_back(entry.given);
    return out;
  }

  PlannedCell plan_cell_of(const Point& point, size_t s, const PlannedSide& side) const {
    auto given = givens(run_.file.options);
    const auto add = [&](const std::vector<catalog::Given>& more) {
      given.insert(given.end(), more.begin(), more.end());
    };
    add(givens(run_.file.sides[s].options));
    add(point.given);
    add(set_);
    auto settings = cell::resolve(given, *side.workload, *side.backend);
    if (!arguments_.record.empty()) {
      refuse_to_trust(settings.workload, *side.workload, arguments_.record);
      refuse_to_trust(settings.backend, *side.backend, arguments_.record);
    }
    try {
      auto spec = cell::make_cell(settings, *side.workload, *side.backend, arguments_.command_line);
      auto search = search_of(settings, side, spec.nodes);
      return {std::move(spec), std::move(settings), std::move(search)};
    } catch (const base::Error& e) {
      throw base::Error(e.code(), fmt::format("side {}, {}: {}", run_.sides[s], point.name, e.what()));
    }
  }

  // One number of nodes at a time: others are points of their own.
  std::optional<SearchSpec> search_of(cell::Settings& settings, const PlannedSide& side, uint32_t nodes) const {
    const auto& asked = run_.file.search;
    if (side.workload->search.empty() && !asked) return std::nullopt;
    if (const auto list = settings.workload.find("node_list"); list != settings.workload.end() && list->second.given)
      throw base::usage_error(
          fmt::format("{}: in an experiment nodes are an axis: nodes = [1, 2, 4]", list->second.source));
    SearchSpec out;
    if (!side.workload->search.empty()) {
      settings.shared.at("nodes").given = true;
      out = read_search(settings, *side.workload, *side.backend);
    }
    out.nodes = {nodes};
    if (!asked) return out;
    out.maximise = asked->maximise;
    out.subject = read_subject(asked->subject_to, asked->where + ": subject_to");
    out.repeat = asked->repeat;
    out.tolerance = asked->tolerance;
    check_searchable(out, settings, "[search]");
    return out;
  }

  const ExperimentArguments& arguments_;
  ExperimentRun& run_;
  std::vector<catalog::Given> set_;
  std::map<std::string, catalog::Catalog> catalogs_;  // by the path that they were searched in; manifests lie in them
  std::vector<std::string> known_ids_;
};

}  // namespace

ExperimentRun plan_experiment(ExperimentArguments arguments) {
  ExperimentRun run;
  const auto file = arguments.file.string();
  run.file = read_experiment_file(arguments.text, file, arguments.quick);
  check_size(run.file, file);
  if (!run.file.until.empty()) try {
      run.until = compare::parse_stop_rule(run.file.until);
    } catch (const base::Error& e) {
      throw base::usage_error(fmt::format("{}: until: {}", file, e.what()));
    }
  try {
    (void)compare::parse_gate(run.file.gate);
  } catch (const base::Error& e) {
    throw base::usage_error(fmt::format("{}: [gate]: {}", file, e.what()));
  }
  for (const auto& side : run.file.sides) run.sides.push_back(side.name);
  run.points = all_points(run.file);
  Planner(arguments, run).plan();
  run.arguments = std::move(arguments);
  run.experiment.sides = run.sides.size();
  set_blocks(run, std::vector<size_t>(run.points.size(), run.file.repeat));
  return run;
}

void set_blocks(ExperimentRun& run, const std::vector<size_t>& blocks) {
  const auto seed = run.experiment.planned[0].spec.seed;
  run.orders.clear();
  for (size_t p = 0; p < run.points.size(); ++p)
    run.orders.push_back(side_orders(run.sides.size(), blocks[p], seed, p));
  const auto known = std::move(run.experiment.cells);
  run.experiment.cells = cells_by_block(run.orders);
  std::map<std::tuple<size_t, size_t, uint32_t>, const Cell*> ended;
  for (const auto& cell : known)
    if (cell.state != Cell::State::pending) ended[{cell.point, cell.side, cell.repetition}] = &cell;
  for (auto& cell : run.experiment.cells)
    if (const auto it = ended.find({cell.point, cell.side, cell.repetition}); it != ended.end()) cell = *it->second;
}

nlohmann::json record_json(const ExperimentRun& run, const Cell& cell) {
  const auto& point = run.points[cell.point];
  nlohmann::json until;
  if (run.until) until = {{"scope", run.until->scope}, {"metric", run.until->metric}, {"first_stage", run.file.repeat}};
  auto axes = nlohmann::json::array();  // in the order of the file, which an object does not keep on its way
  for (const auto& [name, value] : point.values.items()) axes.push_back(name);
  return {{"id", run.run_id},
          {"title", run.file.title},
          {"side", run.sides[cell.side]},
          {"side_index", cell.side},
          {"point", point.values},
          {"axes", axes},
          {"point_index", cell.point},
          {"point_name", point.name},
          {"block", cell.repetition},
          {"seeds", run.file.seed_per_block ? "per-block" : "one"},
          {"until", std::move(until)}};
}

std::string ExperimentRun::cell_name(const Cell& cell) const {
  std::string point;
  for (const char c : points[cell.point].name)
    if (c != ' ')
      point += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '=' || c == '.' || c == '-' ? c : '_';
  return fmt::format("{:03}-{}-{}-{}", cell.point + 1, point.substr(0, 80), sides[cell.side], cell.repetition);
}

std::string ExperimentRun::resume_command() const {
  auto out = fmt::format("sage-host experiment --resume {}", base::shell_word(root.string()));
  if (!arguments.plugin_path.empty()) out += " --plugin-path " + base::shell_word(arguments.plugin_path);
  return out;
}

}  // namespace host::experiment
