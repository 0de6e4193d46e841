// manifest.json of each workload of a paired run: what is to be done, and what has been done.
#include <fmt/format.h>

#include <chrono>
#include <set>

#include "base/hash.hpp"
#include "base/output_file.hpp"
#include "experiment/pair_run.hpp"
#include "experiment/recorded_options.hpp"
#include "experiment/state.hpp"
#include "records/run_id.hpp"

namespace host::experiment {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json cell_json(const PairRun& run, const Cell& cell) {
  Json out = {{"workload", run.workloads[cell.point].id},
              {"backend", run.backends[cell.side]},
              {"block", cell.repetition},
              {"repetition", cell.repetition},
              {"position", cell.position}};
  out.update(outcome_json(cell));
  out["folder"] = "cells/" + run.cell_name(cell);
  out["files"] = cell.files.is_null() ? Json::object() : Json(cell.files);
  return out;
}

std::vector<std::string> names_of(const PairRun& run, const std::vector<size_t>& order) {
  std::vector<std::string> out;
  for (const auto backend : order) out.push_back(run.backends[backend]);
  return out;
}

// What was written beside the cells, whose own files are in their entries.
Json beside_cells(const fs::path& folder) {
  auto files = Json::object();
  std::set<fs::path> found;
  for (const auto* part : {"backends", "comparison", "logs"}) {
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(folder / part, error))
      if (entry.is_regular_file()) found.insert(entry.path());
  }
  if (fs::exists(folder / "failure_report.json")) found.insert(folder / "failure_report.json");
  for (const auto& file : found) files[file.lexically_relative(folder).string()] = base::sha256_file(file);
  return files;
}

std::string status_of(const PairRun& run, size_t workload) {
  bool failed = false;
  for (const auto& cell : run.experiment.cells) {
    if (cell.point != workload) continue;
    if (cell.state == Cell::State::pending) return "incomplete";
    failed = failed || cell.state != Cell::State::ok;
  }
  const auto& parity = run.workloads[workload].parity;
  return failed || (parity.is_object() && parity.at("equal") == false) ? "failed" : "ok";
}

Json manifest_json(const PairRun& run, size_t w) {
  const auto& workload = run.workloads[w];
  const auto& first = run.plan_of(w, 0).spec;
  Json out = {{"schema_version", 1},
              {"type", "paired_run"},
              {"run_id", run.run_id},
              {"workload", workload.id},
              {"config_hash", workload.config_hash},
              {"status", status_of(run, w)},
              {"started_at", workload.started_at},
              {"written_at", records::utc_iso8601(std::chrono::system_clock::now())},
              {"command_line", run.command_line},
              {"config", first.config},
              {"repeat", run.repeat},
              {"seed", first.seed},
              {"cooldown_s", run.cooldown_s}};
  out["workloads"] = Json::array();
  for (const auto& each : run.workloads)
    out["workloads"].push_back({{"workload", each.id}, {"config_hash", each.config_hash}});
  out["backends"] = Json::array();
  for (size_t b = 0; b < run.backends.size(); ++b) {
    const auto& planned = run.recorded.at(w * run.backends.size() + b);
    out["backends"].push_back(
        {{"backend", run.backends[b]}, {"options", planned.at("options")}, {"environment", planned.at("environment")}});
  }
  out["order"] = Json::array();
  for (const auto& block : workload.order) out["order"].push_back(names_of(run, block));
  out["cells"] = Json::array();
  for (const auto& cell : run.experiment.cells)
    if (cell.point == w) out["cells"].push_back(cell_json(run, cell));
  out["compare"] = {{"baseline", run.comparison.baseline},
                    {"margin", run.comparison.margin},
                    {"gate", run.comparison.gate},
                    {"gate_lenient", run.comparison.gate_lenient}};
  out["parity"] = workload.parity;
  out["comparison"] = workload.comparison;
  out["files"] = beside_cells(run.folder(w));
  return out;
}

}  // namespace

void write_pair_progress(const PairRun& run) {
  write_pair_state(run);
  for (size_t w = 0; w < run.workloads.size(); ++w)
    base::write_file(run.folder(w) / "manifest.json",
                     manifest_json(run, w).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace host::experiment
