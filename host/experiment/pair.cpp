// `pair`: the same workloads on several backends, repetition by repetition, and the comparison in the end. What can be
// interrupted is the whole; a cell is there, finished, or not at all.
#include <fmt/format.h>

#include <chrono>
#include <csignal>

#include "base/hash.hpp"
#include "base/output_file.hpp"
#include "catalog/python_env.hpp"
#include "catalog/trial_load.hpp"
#include "cell/process.hpp"
#include "cell/run_folder.hpp"
#include "experiment/cell_folders.hpp"
#include "experiment/pair_run.hpp"
#include "experiment/recorded_options.hpp"
#include "experiment/run.hpp"
#include "records/run_id.hpp"
#include "report/comparison_job.hpp"

namespace host::experiment {
namespace {

namespace fs = std::filesystem;

// Why a backend is not installed; empty = it is. No instance of it is made.
std::string why_not_installed(const cell::CellSpec& cell) {
  const auto manifest = catalog::read_manifest(cell.backend_manifest);
  const auto python = cell.backend_options.find("python");
  const bool own = python != cell.backend_options.end() && !catalog::to_text(python->second).empty();
  if (const auto env = catalog::python_env(manifest); env && !own && !env->current())
    return fmt::format("backend '{}' is not installed ({}); install it with: sage-host setup {}", manifest.id,
                       env->folder.string(), manifest.id);
  return {};
}

void check_installed(const PairRun& run) {
  for (size_t b = 0; b < run.backends.size(); ++b) {
    const auto& cell = run.plan_of(0, b).spec;
    if (const auto reason = why_not_installed(cell); !reason.empty())
      throw base::Error(base::Exit::unavailable, reason);
    if (const auto probe = catalog::try_load(catalog::read_manifest(cell.backend_manifest)); !probe.ok)
      throw base::Error(probe.exit, probe.error);
  }
}

nlohmann::json hashes_below(const fs::path& folder) {
  auto files = nlohmann::json::object();
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      files[entry.path().lexically_relative(folder).string()] = base::sha256_file(entry.path());
  return files;
}

class Pair {
 public:
  explicit Pair(PairRun& run) : run_(run) {}

  base::Exit execute() {
    prepare();
    run_cells(run_.experiment,
              {.place = [&](const Cell& cell, cell::CellSpec& spec) { return place(cell, spec); },
               .ended = [&](Cell& cell, const cell::CellReport&) { keep(cell); },
               .rest_s = run_.cooldown_s},
              stop_);
    const auto left = count_pending(run_.experiment);
    auto exit = worst_exit(run_.experiment);
    for (size_t w = 0; w < run_.workloads.size(); ++w) exit = cell::worse(exit, conclude(w, left > 0));
    write_pair_progress(run_);
    fmt::print("\n{}\n", run_.root.string());
    if (left == 0) return exit;
    say(fmt::format("sage-host: interrupted with {} of {} cells to go; go on with: {}", left,
                    run_.experiment.cells.size(), run_.resume_command()));
    return base::Exit::interrupted;
  }

 private:
  void prepare() {
    if (!run_.resumed) run_.lock.emplace(make_root(run_.root));
    base::remove_temporary(run_.root);
    if (!run_.resumed) {
      run_.recorded = recorded_plan(run_.experiment.planned);
      for (auto& workload : run_.workloads)
        workload.started_at = records::utc_iso8601(std::chrono::system_clock::now());
      write_pair_state(run_);  // before all else: from here on it can be gone on with
    }
    for (size_t w = 0; w < run_.workloads.size(); ++w) fs::create_directories(run_.folder(w) / "cells");
    remove_unfinished();
    write_pair_progress(run_);
  }

  void remove_unfinished() const {
    for (size_t w = 0; w < run_.workloads.size(); ++w) experiment::remove_unfinished(run_.folder(w) / "cells");
  }

  cell::CellPlace place(const Cell& cell, cell::CellSpec& spec) const {
    spec.quiet = true;
    spec.command_line = run_.command_line;
    spec.pair = {{"run_id", run_.run_id},
                 {"block", cell.repetition},
                 {"repetition", cell.repetition},
                 {"position", cell.position}};
    return {run_.folder(cell.point) / "cells", unfinished(run_.cell_name(cell)), cell.repetition};
  }

  void keep(Cell& cell) {
    if (cell.state == Cell::State::pending) {  // half a cell is none
      remove_unfinished();
      return;
    }
    const auto cells = run_.folder(cell.point) / "cells";
    const auto folder = cells / run_.cell_name(cell);
    // Also of a cell whose failure could not be recorded: what it wrote until then is in its folder.
    if (put_in_place(cells, run_.cell_name(cell))) cell.files = hashes_below(folder);
    ++ran_;
    spent_s_ += cell.seconds;
    tell(cell, folder);
    write_pair_progress(run_);
  }

  void tell(const Cell& cell, const fs::path& folder) {
    const auto& cells = run_.experiment.cells;
    auto line = fmt::format("[{}/{}] {} on {}, repetition {}: ", &cell - cells.data() + 1, cells.size(),
                            run_.workloads[cell.point].id, run_.backends[cell.side], cell.repetition);
    line += fmt::format("{} in {:.1f} s", cell::outcome_text(cell.exit), cell.seconds);
    if (cell.state == Cell::State::ok) {
      const auto records = read_records(folder);
      if (records.size() == 1 && records[0].contains("latency_p99") && records[0]["latency_p99"].is_number())
        line += fmt::format(", p99 {:.3g} ms", records[0]["latency_p99"].get<double>());
    } else {
      line += ": " + cell.reason;
    }
    if (const auto left = count_pending(run_.experiment); left > 0) {
      const auto each_s = spent_s_ / static_cast<double>(ran_) + run_.cooldown_s;
      line += fmt::format("; about {} left", about(each_s * static_cast<double>(left)));
    }
    say(line);
  }

  // The files of a workload from what its cells left.
  base::Exit conclude(size_t w, bool interrupted) {
    auto& workload = run_.workloads[w];
    write_pair_results(run_, w);
    workload.parity = check_pair_parity(run_, w);
    auto exit = compare_backends(w, interrupted);
    for (const auto& difference : workload.parity.at("differences")) {
      say(fmt::format("sage-host: {}: OUTPUTS DIFFER: {}: {}", workload.id, difference.at("what").get<std::string>(),
                      difference.at("backends_by_value").dump()));
      exit = cell::worse(exit, base::Exit::failed);
    }
    if (write_failure_report(run_, w))
      say(fmt::format("sage-host: {}: what went wrong is in {}", workload.id,
                      (run_.folder(w) / "failure_report.json").string()));
    return exit;
  }

  base::Exit compare_backends(size_t w, bool interrupted) {
    auto& workload = run_.workloads[w];
    const auto folder = run_.folder(w);
    report::CompareJob job;
    job.inputs = {folder / "backends", folder / "cells"};
    job.output_dir = folder / "comparison";
    job.options.baseline = run_.comparison.baseline;
    job.options.margin = catalog::parse_share("--margin", run_.comparison.margin, 0, 1);
    job.gate = run_.comparison.gate;
    job.gate_lenient = run_.comparison.gate_lenient;
    std::string log;
    auto exit = base::Exit::ok;
    try {
      const auto outcome = report::compare_into(job);
      exit = outcome.exit;
      for (const auto& warning : outcome.warnings) log += "warning: " + warning + "\n";
      log += outcome.text;
      workload.comparison = {{"exit_code", static_cast<int>(exit)}};
    } catch (const base::Error& e) {  // no record at all, or the baseline has none
      exit = interrupted ? base::Exit::ok : base::Exit::failed;
      log += fmt::format("no comparison: {}\n", e.what());
      workload.comparison = {{"exit_code", static_cast<int>(e.code())}, {"error", e.what()}};
      if (interrupted) workload.comparison = nullptr;
    }
    base::write_file(folder / "logs" / "compare.log", log);
    fmt::print("\n{}: {}", workload.id, log);
    return exit;
  }

  PairRun& run_;
  cell::StopSignals stop_;
  size_t ran_ = 0;      // in this process
  double spent_s_ = 0;  // by these
};

}  // namespace

base::Exit run_pair(PairRun& run) {
  if (run.dry_run) {
    const auto problem = run.resumed ? "" : cell::why_not_writable(run.root);
    if (!problem.empty()) throw base::Error(base::Exit::failed, problem);
    fmt::print("{}", run.json ? pair_json(run).dump(2) + "\n" : pair_text(run));
    for (size_t b = 0; b < run.backends.size(); ++b)
      if (const auto reason = why_not_installed(run.plan_of(0, b).spec); !reason.empty())
        fmt::print(stderr, "sage-host: note: {}\n", reason);
    return base::Exit::ok;
  }
  check_installed(run);
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads the progress may have had enough; the files are still written
  return Pair(run).execute();
}

}  // namespace host::experiment
