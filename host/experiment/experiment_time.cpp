#include "experiment/experiment_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "experiment/cell_folders.hpp"
#include "load/load.hpp"

namespace host::experiment {
namespace {

struct Mean {
  double sum = 0;
  size_t n = 0;
  void add(double value) {
    sum += value;
    ++n;
  }
  [[nodiscard]] std::optional<double> value() const {
    return n == 0 ? std::nullopt : std::optional(sum / static_cast<double>(n));
  }
};

// Of the load alone. Nothing where it is the system that decides.
std::optional<double> planned_s(const PlannedCell& cell) {
  if (cell.search) return std::nullopt;
  if (cell.spec.virtual_time) return 0;
  const auto load = load::load_config(cell.spec.load, cell.spec.seed);
  const bool by_system = load.arrival == load::Arrival::closed || load.arrival == load::Arrival::offline;
  if (by_system && load.duration_s <= 0) return std::nullopt;
  return load::planned_s(load, cell.spec.trace_s);
}

class Expectation {
 public:
  explicit Expectation(const ExperimentRun& run) : run_(run), overhead_(run.sides.size()), whole_(run.sides.size()) {
    for (const auto& cell : run.experiment.cells) {
      if (cell.state == Cell::State::pending) continue;
      alike_[{cell.point, cell.side}].add(cell.seconds);
      whole_[cell.side].add(cell.seconds);
      if (const auto planned = planned_s(run.experiment.plan_of(cell)))
        overhead_[cell.side].add(std::max(0.0, cell.seconds - *planned));
    }
  }

  [[nodiscard]] std::optional<double> of(const Cell& cell) const {
    if (const auto it = alike_.find({cell.point, cell.side}); it != alike_.end()) return it->second.value();
    if (const auto planned = planned_s(run_.experiment.plan_of(cell)))
      return *planned + overhead_[cell.side].value().value_or(0);
    return whole_[cell.side].value();
  }

 private:
  const ExperimentRun& run_;
  std::map<std::pair<size_t, size_t>, Mean> alike_;  // by point and side
  std::vector<Mean> overhead_;                       // by side: what a cell takes beyond its load
  std::vector<Mean> whole_;
};

}  // namespace

TimeLeft time_left(const ExperimentRun& run) {
  const Expectation expected(run);
  TimeLeft out;
  for (const auto& cell : run.experiment.cells) {
    if (cell.state != Cell::State::pending) {
      out.measured = true;
      continue;
    }
    ++out.cells;
    out.seconds += run.file.cooldown_s;
    if (const auto seconds = expected.of(cell))
      out.seconds += *seconds;
    else
      ++out.unknown;
  }
  return out;
}

std::string left_text(const TimeLeft& left) {
  if (left.unknown == left.cells) return "for a time that cannot be told yet";
  auto out = "about " + about(left.seconds);
  if (left.unknown > 0)
    out += fmt::format(" and {} cell{} whose time the system decides", left.unknown, left.unknown == 1 ? "" : "s");
  return out;
}

}  // namespace host::experiment
