// What a paired run's cells left, brought together; whether their outputs agree; what went wrong.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "base/hash.hpp"
#include "base/input_file.hpp"
#include "base/json_fields.hpp"
#include "base/json_text.hpp"
#include "base/output_file.hpp"
#include "experiment/pair_run.hpp"
#include "writers/unified_results.hpp"

namespace host::experiment {
namespace {

using base::field;
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t log_tail_lines = 20;

fs::path cell_folder(const PairRun& run, const Cell& cell) {
  return run.folder(cell.point) / "cells" / run.cell_name(cell);
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw base::Error(base::Exit::failed, fmt::format("cannot write in {}: {}; free some space, then use --resume",
                                                      folder.string(), error.message()));
}

std::vector<std::string> last_lines(const fs::path& file, size_t count) {
  std::deque<std::string> lines;
  auto in = base::open_input(file);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
    if (lines.size() > count) lines.pop_front();
  }
  return {lines.begin(), lines.end()};
}

// Cells of a workload by repetition: the order in which an archive is read.
std::vector<const Cell*> by_repetition(const PairRun& run, size_t workload, size_t backend) {
  std::vector<const Cell*> out;
  for (const auto& cell : run.experiment.cells)
    if (cell.point == workload && cell.side == backend) out.push_back(&cell);
  std::ranges::sort(out, {}, &Cell::repetition);
  return out;
}

std::string log_of(const PairRun& run, const Cell& cell) {
  const auto header = fmt::format("== repetition {} (block {}, place {}): {}", cell.repetition, cell.repetition,
                                  cell.position, to_string(cell.state));
  auto text = header + (cell.reason.empty() ? "" : ": " + cell.reason) + "\n";
  if (cell.state == Cell::State::pending) return text;
  auto in = base::open_input(cell_folder(run, cell) / "run.log");
  for (std::string line; std::getline(in, line);) text += line + "\n";
  return text;
}

// What each backend gave of one thing that has to be the same everywhere.
using Seen = std::map<std::string, std::set<std::string>>;  // backends by value

void see(std::map<std::string, Seen>& seen, const std::string& what, const Json& value, const std::string& backend) {
  if (value.is_string()) seen[what][value.get<std::string>()].insert(backend);
}

// The digest covers ok requests, so only runs with equally many are alike; the state left behind depends on all of
// them, so it counts only where every request was ok. Where the order of requests decides, neither tells anything.
void see_outputs(std::map<std::string, Seen>& seen, const Json& record, const std::string& backend) {
  const auto& metadata = field(record, "metadata");
  const auto& report = field(metadata, "report");
  if (field(report, "order_dependent") == true || field(field(report, "bank"), "order_dependent") == true) return;
  const auto nodes = field(record, "nodes").dump();
  const auto& digested = field(metadata, "digested");
  if (digested.is_number_integer() && digested > 0)
    see(seen, fmt::format("digest over {} results ({} nodes)", digested.dump(), nodes), field(metadata, "digest"),
        backend);
  const auto& ledger = field(metadata, "ledger");
  const auto& offered = field(ledger, "offered");
  if (offered.is_number_integer() && offered == field(field(ledger, "outcomes"), "ok"))
    see(seen, fmt::format("final_state_digest after {} requests ({} nodes)", offered.dump(), nodes),
        field(report, "final_state_digest"), backend);
}

Json failure_of(const PairRun& run, const Cell& cell) {
  const auto folder = cell_folder(run, cell);
  const auto text = [](const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); };
  return {{"kind", "cell"},
          {"workload", run.workloads[cell.point].id},
          {"backend", run.backends[cell.side]},
          {"repetition", cell.repetition},
          {"position", cell.position},
          {"state", to_string(cell.state)},
          {"exit_code", static_cast<int>(cell.exit)},
          {"reason", text(cell.reason)},
          {"signal", text(cell.signal)},
          {"place", text(cell.place)},
          {"folder", fs::exists(folder) ? Json(folder.string()) : Json(nullptr)},
          {"log_tail", last_lines(folder / "run.log", log_tail_lines)},
          {"repeat_with", run.resume_command()}};
}

}  // namespace

std::vector<Json> read_records(const fs::path& folder) {
  std::vector<Json> out;
  auto in = base::open_input(folder / "unified_results.jsonl");
  for (std::string line; std::getline(in, line);)
    if (auto json = base::parse_json<Json>(line); json.is_object()) out.push_back(std::move(json));
  return out;
}

void write_pair_results(const PairRun& run, size_t workload) {
  const auto folder = run.folder(workload);
  make_folder(folder / "logs");
  for (size_t b = 0; b < run.backends.size(); ++b) {
    std::vector<Json> records;
    std::string log;
    for (const auto* cell : by_repetition(run, workload, b)) {
      log += log_of(run, *cell);
      if (cell->state == Cell::State::pending) continue;
      for (auto& record : read_records(cell_folder(run, *cell))) records.push_back(std::move(record));
    }
    make_folder(folder / "backends" / run.backends[b]);
    writers::write_unified_results(folder / "backends" / run.backends[b], records);
    base::write_file(folder / "logs" / (run.backends[b] + ".log"), log);
  }
}

nlohmann::json check_pair_parity(const PairRun& run, size_t workload) {
  std::map<std::string, Seen> seen;
  for (const auto& cell : run.experiment.cells) {
    if (cell.point != workload || cell.state != Cell::State::ok || run.experiment.plan_of(cell).search) continue;
    for (const auto& record : read_records(cell_folder(run, cell))) see_outputs(seen, record, run.backends[cell.side]);
  }
  // Equal is what was seen on two backends at least.
  bool compared = false;
  auto differences = nlohmann::json::array();
  for (const auto& [what, values] : seen) {
    std::set<std::string> backends;
    for (const auto& [value, of] : values) backends.insert(of.begin(), of.end());
    compared = compared || backends.size() > 1;
    if (values.size() > 1) differences.push_back({{"what", what}, {"backends_by_value", values}});
  }
  const auto equal = !differences.empty() ? nlohmann::json(false) : compared ? nlohmann::json(true) : nlohmann::json();
  return {{"equal", equal}, {"differences", differences}};
}

bool write_failure_report(const PairRun& run, size_t workload) {
  const auto file = run.folder(workload) / "failure_report.json";
  auto failures = Json::array();
  for (const auto& cell : run.experiment.cells)
    if (cell.point == workload && (cell.state == Cell::State::failed || cell.state == Cell::State::invalid))
      failures.push_back(failure_of(run, cell));
  const auto& parity = run.workloads[workload].parity;
  if (parity.is_object())
    for (const auto& difference : parity.at("differences"))
      failures.push_back({{"kind", "parity"},
                          {"workload", run.workloads[workload].id},
                          {"reason", fmt::format("{} differs", difference.at("what").get<std::string>())},
                          {"backends_by_value", difference.at("backends_by_value")}});
  const auto& comparison = run.workloads[workload].comparison;
  if (comparison.is_object() && comparison.contains("error"))
    failures.push_back(
        {{"kind", "comparison"}, {"workload", run.workloads[workload].id}, {"reason", comparison.at("error")}});
  if (failures.empty()) {
    std::error_code ignored;
    fs::remove(file, ignored);
    return false;
  }
  const Json report = {{"schema_version", 1},
                       {"run_id", run.run_id},
                       {"workload", run.workloads[workload].id},
                       {"config_hash", run.workloads[workload].config_hash},
                       {"command_line", run.command_line},
                       {"failures", failures}};
  base::write_file(file, report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  return true;
}

}  // namespace host::experiment
