// The kinds of figures, each in a file of its own.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/figures/cells.hpp"
#include "report/figures/figure.hpp"

namespace host::report {

// Each adds what the experiment has the axes and values for.
void add_load_curves(std::vector<Figure>& out, const Experiment& experiment);  // latency against throughput
void add_axis_curves(std::vector<Figure>& out, const Experiment& experiment);  // metrics against each axis
void add_scaling(std::vector<Figure>& out, const Experiment& experiment);      // by nodes: speed-up, efficiency
void add_jobs(std::vector<Figure>& out, const Experiment& experiment);         // side by side: throughput of each
void add_frontier(std::vector<Figure>& out, const Experiment& experiment);     // Pareto's, over all cells
void add_isolation(std::vector<Figure>& out, const Experiment& experiment);    // latencies of tenants, cumulative
void add_heat_maps(std::vector<Figure>& out, const Experiment& experiment);    // two axes, a map for each side
void add_side_table(std::vector<Figure>& out, const Experiment& experiment);

// A line with its value at each point, as `value` gives it of a cell.
template <class Value>
FigureSeries series_of(const Experiment& experiment, const ExperimentLine& line, size_t axis, Value value) {
  FigureSeries out{.name = line.name, .side = {}, .color = line.side, .dash = line.dash};
  // One side alone: colours tell the other axes apart.
  if (experiment.sides.size() == 1)
    out.color = line.dash;
  else
    out.side = experiment.sides[line.side];
  const auto& of = experiment.axes[axis];
  for (const auto point : line.points) {
    const auto* cell = experiment.cell(line.side, point);
    std::optional<Spread> y;
    if (cell != nullptr) y = value(*cell);
    if (!y) {
      ++out.absent;
      continue;
    }
    const auto at = experiment.points[point].at[axis];
    out.points.push_back({.x = of.numeric ? of.numbers[at] : static_cast<double>(at),
                          .y = *y,
                          .hollow = cell->hollow(),
                          .driver_limited = cell->driver_limited > 0,
                          .note = of.name + " = " + of.texts[at] + ", " + cell->note()});
  }
  return out;
}

// The axis of a figure over an axis of the experiment: logarithmic if its values are far apart, by factors.
FigureAxis x_axis(const ExperimentAxis& axis);
// Of values: logarithmic if they are far apart.
FigureAxis y_axis(std::string title, const std::vector<FigureSeries>& series);
std::string metric_words(std::string_view metric);  // "SLO attainment"
std::string metric_title(std::string_view metric);  // "latency p99 (ms)"

// Gives the figure its series and says how they came about: runs, intervals, clock, seeds, what is hollow or left out.
// Adds nothing without a point.
void add_figure(std::vector<Figure>& out, const Experiment& experiment, Figure figure, const std::string& left_out);
// What captions of figures that are made otherwise end with.
std::string clock_and_seeds(const Experiment& experiment);

}  // namespace host::report
