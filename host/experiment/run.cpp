#include "experiment/run.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <chrono>
#include <cstdio>

#include "experiment/frontier.hpp"

namespace host::experiment {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// Until then or until the user wants to stop.
void rest(double seconds, cell::StopSignals& stop) {
  const auto begin = Clock::now();
  for (double left = seconds; left > 0 && stop.count() == 0; left = seconds - seconds_since(begin)) {
    pollfd source = {stop.fd(), POLLIN, 0};
    poll(&source, 1, static_cast<int>(left * 1000) + 1);
  }
}

}  // namespace

cell::CellReport run_cell(const PlannedCell& cell, const cell::CellPlace& place, cell::StopSignals& stop) {
  const auto tell = [&](const std::string& text) {
    if (!cell.spec.quiet) fmt::print(stderr, "sage-host: {}\n", text);
  };
  try {
    if (!cell.search) return cell::run_one(cell.spec, place, stop);
    auto report = run_frontier(cell.spec, *cell.search, place, stop);
    if (report.exit != base::Exit::ok) tell(fmt::format("{}: {}", report.name, report.text));
    return report;
  } catch (const base::Error& e) {
    tell(e.what());
    return {cell.spec.workload, e.code(), e.what()};
  }
}

void run_cells(Experiment& experiment, const Conduct& conduct, cell::StopSignals& stop) {
  for (bool first = true; stop.count() == 0; first = false) {
    auto* cell = conduct.next(experiment);
    if (cell == nullptr) return;
    if (!first) rest(conduct.rest_s, stop);
    if (stop.count() > 0) return;
    auto planned = experiment.plan_of(*cell);
    const auto place = conduct.place(*cell, planned.spec);
    const auto begin = Clock::now();
    const auto report = conduct.run(planned, place, stop);
    cell->seconds = seconds_since(begin);
    take_end(*cell, report, stop.count() > 0);
    conduct.ended(*cell, report);
  }
}

}  // namespace host::experiment
