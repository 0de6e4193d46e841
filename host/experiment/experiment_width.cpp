// `until`: how many blocks it takes until intervals are as narrow as asked (compare/two_stage.hpp).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compare/two_stage.hpp"
#include "experiment/cell_metric.hpp"
#include "experiment/experiment_run.hpp"
#include "experiment/probes.hpp"

namespace host::experiment {
namespace {

// Of a side at a point, the metric by repetition; those that are not ok, or have none, tell nothing.
using Values = std::vector<std::optional<double>>;

Values values_of(const ExperimentRun& run, size_t point, size_t side) {
  Values out(run.orders[point].size());
  for (const auto& cell : run.experiment.cells)
    if (cell.point == point && cell.side == side && cell.state == Cell::State::ok)
      out[cell.repetition - 1] = metric_of(read_record(run.folder(cell)), run.until->scope, run.until->metric);
  return out;
}

size_t baseline_of(const ExperimentRun& run) {
  const auto it = std::ranges::find(run.sides, run.file.baseline);
  return it == run.sides.end() ? 0 : static_cast<size_t>(it - run.sides.begin());
}

struct Comparison {
  std::string name;               // "ray / sage", "sage"
  std::vector<double> logs = {};  // of ratios, or of one side's values, in the order of the blocks
  size_t first = 0;               // of them, those of the first stage: fewer than its blocks, if some could not be used
};

std::vector<Comparison> comparisons(const ExperimentRun& run, size_t point) {
  const auto base = baseline_of(run);
  const auto of_base = values_of(run, point, base);
  std::vector<Comparison> out;
  for (size_t side = 0; side < run.sides.size(); ++side) {
    if (side == base && run.sides.size() > 1) continue;
    Comparison comparison{side == base ? run.sides[side] : run.sides[side] + " / " + run.sides[base]};
    const auto of_side = side == base ? of_base : values_of(run, point, side);
    for (size_t block = 0; block < of_side.size(); ++block) {
      const auto a = side == base ? std::optional(1.0) : of_base[block];
      if (!a || !of_side[block] || !(*a > 0) || !(*of_side[block] > 0)) continue;
      comparison.logs.push_back(std::log(*of_side[block] / *a));
      if (block < run.file.repeat) ++comparison.first;
    }
    out.push_back(std::move(comparison));
  }
  return out;
}

compare::WidthGoal goal_of(const ExperimentRun& run) { return {.half_width = std::log1p(run.until->share)}; }

bool has_ended(const ExperimentRun& run, size_t point) {
  return std::ranges::none_of(run.experiment.cells, [&](const Cell& cell) {
    return cell.point == point && cell.repetition <= run.file.repeat && cell.state == Cell::State::pending;
  });
}

}  // namespace

std::vector<size_t> blocks_wanted(const ExperimentRun& run) {
  std::vector<size_t> out(run.points.size(), run.file.repeat);
  if (!run.until) return out;
  for (size_t point = 0; point < out.size(); ++point) {
    if (!has_ended(run, point)) continue;
    for (const auto& [name, logs, first] : comparisons(run, point)) {
      if (first < compare::first_stage_fewest) continue;  // too few could be used: more would be as bad
      const auto needed = compare::repetitions_needed(std::span(logs).first(first), goal_of(run));
      out[point] = std::max(out[point], static_cast<size_t>(std::min<uint64_t>(needed, run.file.repeat_max)));
    }
  }
  return out;
}

std::vector<std::string> width_lines(const ExperimentRun& run) {
  std::vector<std::string> out;
  if (!run.until) return out;
  for (size_t point = 0; point < run.points.size(); ++point)
    for (const auto& [name, logs, first] : comparisons(run, point)) {
      const auto found = compare::two_stage_interval(logs, first, goal_of(run));
      const auto what = fmt::format("{} of {} at {}", run.until->metric, name, run.points[point].name);
      if (!found) {
        out.push_back(fmt::format("{}: {} repetitions can be used, which tell no width", what, logs.size()));
        continue;
      }
      const auto reached = compare::share_of(*found);
      out.push_back(fmt::format("{}: {:.4g} [{:.4g}, {:.4g}], +-{:.2g} % with {} repetitions{}", what, found->ratio,
                                found->low, found->high, reached * 100, logs.size(),
                                reached <= run.until->share * (1 + 1e-9)
                                    ? ""
                                    : fmt::format(": WIDER than the +-{:.2g} % asked for", run.until->share * 100)));
    }
  return out;
}

}  // namespace host::experiment
