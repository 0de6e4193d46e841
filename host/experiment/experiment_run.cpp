// Runs an experiment: its cells in their order, more blocks while intervals are too wide, and the comparison in the
// end. What can be cut off is the whole; a cell is there, finished, or not at all.
#include "experiment/experiment_run.hpp"

#include <fmt/format.h>

#include <chrono>
#include <csignal>

#include "base/hash.hpp"
#include "base/output_file.hpp"
#include "experiment/cell_folders.hpp"
#include "experiment/experiment_time.hpp"
#include "experiment/pair_run.hpp"
#include "experiment/run.hpp"
#include "records/run_id.hpp"
#include "report/cells.hpp"
#include "report/comparison_job.hpp"
#include "writers/unified_results.hpp"

namespace host::experiment {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

class Runner {
 public:
  explicit Runner(ExperimentRun& run) : run_(run) {}

  base::Exit execute() {
    prepare();
    const auto begin = time_left(run_);
    say(fmt::format("sage-host: {}: {} cells to run, {}", run_.file.title, begin.cells, left_text(begin)));
    run_cells(run_.experiment,
              {.place = [&](const Cell& cell, cell::CellSpec& spec) { return place(cell, spec); },
               .ended = [&](Cell& cell, const cell::CellReport&) { keep(cell); },
               .next = [&](Experiment&) { return next(); },
               .rest_s = run_.file.cooldown_s},
              stop_);
    const auto left = run_.stopped.empty() ? count_pending(run_.experiment) : 0;
    auto exit = conclude(left > 0);
    if (left == 0) return exit;
    say(fmt::format("sage-host: interrupted with {} of {} cells to go; go on with: {}", left,
                    run_.experiment.cells.size(), run_.resume_command()));
    return base::Exit::interrupted;
  }

 private:
  void prepare() {
    if (!run_.resumed) {
      run_.lock.emplace(make_root(run_.root));
      record_plan(run_);
    }
    base::remove_temporary(run_.root);
    write_experiment_state(run_);  // before all else: from here on it can be gone on with
    base::write_file(run_.root / "experiment.toml", run_.arguments.text);
    fs::create_directories(cells_);
    remove_unfinished(cells_);
  }

  // The next one that is pending; when there is none, more blocks where they are wanted and there is time.
  Cell* next() {
    if (auto* cell = next_pending(run_.experiment)) {
      const bool begins_block = cell->repetition > 1 && cell->repetition != block_;
      if (begins_block && time_is_over()) return nullptr;
      block_ = cell->repetition;
      return cell;
    }
    const auto wanted = blocks_wanted(run_);
    bool more = false;
    for (size_t p = 0; p < wanted.size(); ++p) more = more || wanted[p] > run_.orders[p].size();
    if (!more) return nullptr;
    set_blocks(run_, wanted);
    say(fmt::format("sage-host: {}: {} more cells, {}", run_.file.until, count_pending(run_.experiment),
                    left_text(time_left(run_))));
    return next();
  }

  bool time_is_over() {
    if (run_.file.time_max_s <= 0 || run_.spent_s < run_.file.time_max_s) return false;
    run_.stopped = "time_max";
    say(fmt::format("sage-host: time_max, {}, is used up after {}; {} cells are left out", about(run_.file.time_max_s),
                    about(run_.spent_s), count_pending(run_.experiment)));
    return true;
  }

  cell::CellPlace place(const Cell& cell, cell::CellSpec& spec) const {
    spec.quiet = true;
    spec.command_line = run_.arguments.command_line;
    if (run_.file.seed_per_block) {
      spec.seed += cell.repetition - 1;
      spec.config["seed"] = spec.seed;
      spec.config_hash = base::config_hash(spec.config);
    }
    spec.pair = {{"run_id", run_.run_id},
                 {"block", cell.repetition},
                 {"repetition", cell.repetition},
                 {"position", cell.position}};
    spec.experiment = record_json(run_, cell);
    // Cells of one configuration that end within a second are told apart by point and side.
    const auto id = records::make_run_id(spec.workload, spec.backend, std::chrono::system_clock::now(),
                                         spec.config_hash, cell.repetition);
    return {.root = cells_,
            .folder = unfinished(run_.cell_name(cell)),
            .repetition = cell.repetition,
            .run_id = fmt::format("{}-p{}-s{}", id, cell.point + 1, cell.side + 1)};
  }

  void keep(Cell& cell) {
    if (cell.state == Cell::State::pending) {  // half a cell is none
      remove_unfinished(cells_);
      return;
    }
    const auto results = run_.results_of(cell);
    if (put_in_place(cells_, run_.cell_name(cell)) && fs::exists(run_.root / results))
      cell.files[results] = base::sha256_file(run_.root / results);
    run_.spent_s += cell.seconds + run_.file.cooldown_s;
    tell(cell);
    write_experiment_state(run_);
  }

  void tell(const Cell& cell) const {
    const auto& cells = run_.experiment.cells;
    auto line = fmt::format("[{}/{}] {}, {}, repetition {}: {} in {:.1f} s", &cell - cells.data() + 1, cells.size(),
                            run_.points[cell.point].name, run_.sides[cell.side], cell.repetition,
                            cell::outcome_text(cell.exit), cell.seconds);
    if (cell.state != Cell::State::ok) line += ": " + cell.reason;
    if (const auto left = time_left(run_); left.cells > 0) line += "; " + left_text(left) + " left";
    say(line);
  }

  // The files of the whole from what its cells left.
  base::Exit conclude(bool interrupted) {
    write_experiment_state(run_);
    std::vector<Json> records;
    for (const auto& cell : run_.experiment.cells)
      if (cell.state != Cell::State::pending)
        for (auto& record : read_records(run_.folder(cell))) records.push_back(std::move(record));
    writers::write_unified_results(run_.root, records);
    auto exit = worst_exit(run_.experiment);
    if (records.empty()) {
      say("sage-host: no cell has left a record; nothing is compared");
      return exit;
    }
    exit = cell::worse(exit, compare(interrupted));
    for (const auto& line : width_lines(run_)) fmt::print("{}\n", line);
    fmt::print("\n{}\n", run_.root.string());
    return exit;
  }

  base::Exit compare(bool interrupted) const {
    report::CompareJob job;
    job.inputs = {run_.root / "cells"};
    job.output_dir = run_.root / "comparison";
    job.by = {"side"};
    job.options.baseline = run_.file.baseline.empty() ? run_.sides[0] : run_.file.baseline;
    job.options.margin = catalog::parse_share("margin", run_.file.margin, 0, 1);
    job.gate = run_.file.gate;
    job.gate_lenient = run_.file.gate_lenient;
    try {
      const auto outcome = report::compare_into(job);
      for (const auto& warning : outcome.warnings) fmt::print(stderr, "sage-host: warning: {}\n", warning);
      fmt::print("\n{}", outcome.text);
      report::write_cells(outcome.results, run_.root);
      return outcome.exit;
    } catch (const base::Error& e) {  // the baseline has no record yet
      fmt::print(stderr, "sage-host: no comparison: {}\n", e.what());
      return interrupted ? base::Exit::ok : base::Exit::failed;
    }
  }

  ExperimentRun& run_;
  const fs::path cells_ = run_.root / "cells";
  cell::StopSignals stop_;
  uint32_t block_ = 1;
};

}  // namespace

base::Exit run_experiment(ExperimentRun& run) {
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads the progress may have had enough; the files are still written
  return Runner(run).execute();
}

}  // namespace host::experiment
