// What --dry-run tells of an experiment.
#include <fmt/format.h>

#include "base/table_text.hpp"
#include "experiment/cell_folders.hpp"
#include "experiment/experiment_run.hpp"
#include "experiment/experiment_time.hpp"

namespace host::experiment {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t cells_shown = 200;

}  // namespace

std::string experiment_text(const ExperimentRun& run) {
  const auto& cells = run.experiment.cells;
  auto text = run.file.title + "\n";
  if (!run.file.question.empty()) text += "\n" + run.file.question + "\n";
  if (!run.file.reading.empty()) text += "\n" + run.file.reading + "\n";
  text += "\n";
  base::Table sides = {{"SIDE", "BACKEND", "CONFIG AT ITS FIRST POINT"}};
  for (size_t s = 0; s < run.sides.size(); ++s)
    sides.push_back({run.sides[s], run.spec_of(0, s).backend, run.spec_of(0, s).config_hash.substr(0, 12)});
  text += base::format_table(sides) + "\n";
  base::Table table = {{"  #", "BLOCK", "POINT", "SIDE", "STATE", "FOLDER"}};
  for (size_t i = 0; i < std::min(cells.size(), cells_shown); ++i)
    table.push_back({fmt::format("{:3}", i + 1), fmt::format("{}", cells[i].repetition),
                     run.points[cells[i].point].name, run.sides[cells[i].side], to_string(cells[i].state),
                     "cells/" + run.cell_name(cells[i])});
  text += base::format_table(table);
  if (cells.size() > cells_shown) text += fmt::format("... and {} more\n", cells.size() - cells_shown);
  if (run.until) text += fmt::format("\nafter these, up to {} blocks, until {}\n", run.file.repeat_max, run.file.until);
  if (run.file.time_max_s > 0) text += fmt::format("\nno block begins after {}\n", about(run.file.time_max_s));
  const auto left = time_left(run);
  return text + fmt::format("\n{} cells: {} sides x {} points x {} blocks; {}{}; nothing was run\n", cells.size(),
                            run.sides.size(), run.points.size(), run.file.repeat, left_text(left),
                            left.measured ? "" : ", and what backends take to start");
}

Json experiment_json(const ExperimentRun& run) {
  const auto left = time_left(run);
  Json out = {{"run_id", run.run_id},
              {"folder", run.root.string()},
              {"title", run.file.title},
              {"question", run.file.question},
              {"reading", run.file.reading},
              {"workload", run.spec_of(0, 0).workload},
              {"sides", Json::array()},
              {"points", Json::array()},
              {"repeat", run.file.repeat},
              {"until", run.file.until},
              {"repeat_max", run.until ? Json(run.file.repeat_max) : Json(nullptr)},
              {"time_s", left.seconds},
              {"cells_of_unknown_time", left.unknown},
              {"cells", Json::array()}};
  for (size_t s = 0; s < run.sides.size(); ++s)
    out["sides"].push_back({{"side", run.sides[s]}, {"backend", run.spec_of(0, s).backend}});
  for (size_t p = 0; p < run.points.size(); ++p) {
    auto hashes = Json::array();
    for (size_t s = 0; s < run.sides.size(); ++s) hashes.push_back(run.spec_of(p, s).config_hash);
    out["points"].push_back(
        {{"point", run.points[p].name}, {"values", run.points[p].values}, {"config_hashes", std::move(hashes)}});
  }
  for (const auto& cell : run.experiment.cells)
    out["cells"].push_back({{"point", run.points[cell.point].name},
                            {"side", run.sides[cell.side]},
                            {"block", cell.repetition},
                            {"position", cell.position},
                            {"state", to_string(cell.state)},
                            {"folder", run.folder(cell).string()}});
  return out;
}

}  // namespace host::experiment
