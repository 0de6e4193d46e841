// What more nodes bring, and what jobs side by side leave to each other: against the ideal.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "report/figures/parts.hpp"

namespace host::report {
namespace {

std::vector<double> values_of(const ExperimentCell& cell, std::string_view metric, double divisor = 1) {
  const auto it = cell.values.find(metric);
  if (it == cell.values.end()) return {};
  auto out = it->second;
  for (auto& value : out) value /= divisor;
  return out;
}

// The smallest value of the axis with runs that may be judged: what the others of the line are set against.
struct Base {
  double x = 0;
  std::vector<double> values;
};

Base base_of(const Experiment& experiment, const ExperimentLine& line, size_t axis, std::string_view metric) {
  for (const auto point : line.points) {
    const auto* cell = experiment.cell(line.side, point);
    if (cell == nullptr || cell->hollow()) continue;
    if (auto values = values_of(*cell, metric); !values.empty())
      return {experiment.axes[axis].numbers[experiment.points[point].at[axis]], std::move(values)};
  }
  return {};
}

// Of each cell of a line: candidate / base, each value divided by its x where `per_x`.
FigureSeries relative(const Experiment& experiment, const ExperimentLine& line, size_t axis, std::string_view metric,
                      bool per_x) {
  auto base = base_of(experiment, line, axis, metric);
  if (base.values.empty()) return {};
  if (per_x)
    for (auto& value : base.values) value /= base.x;
  // series_of() goes through the points in this order, so that each cell is met with its x.
  std::map<const ExperimentCell*, double> at;
  for (const auto point : line.points)
    if (const auto* cell = experiment.cell(line.side, point); cell != nullptr)
      at[cell] = experiment.axes[axis].numbers[experiment.points[point].at[axis]];
  return series_of(experiment, line, axis, [&](const ExperimentCell& cell) {
    return ratio_spread(base.values, values_of(cell, metric, per_x ? at.at(&cell) : 1), experiment.confidence);
  });
}

FigureSeries ideal(std::string name, std::vector<std::pair<double, double>> points) {
  FigureSeries out{.name = std::move(name), .guide = true};
  for (const auto& [x, y] : points) out.points.push_back({.x = x, .y = {y, y, y, 1, false}});
  return out;
}

bool usable_axis(const ExperimentAxis& axis) { return axis.numeric && axis.numbers.front() > 0; }

// The line of the ideal in proportion from the first point that may be judged, while few lines leave room for theirs.
void add_proportional(Figure& figure) {
  constexpr size_t most = 4;
  const auto count = figure.series.size();
  if (count > most) return;
  for (size_t i = 0; i < count; ++i) {
    const auto& points = figure.series[i].points;
    const auto first = std::ranges::find(points, false, &FigurePoint::hollow);
    if (first == points.end() || first->x >= points.back().x) continue;
    auto line = ideal(figure.series[i].name + ", ideal",
                      {{first->x, first->y.middle}, {points.back().x, first->y.middle * points.back().x / first->x}});
    line.side = figure.series[i].side;
    line.color = figure.series[i].color;
    figure.series.push_back(std::move(line));
  }
  if (figure.series.size() > count) figure.title += ", against the ideal";
}

void add_scaling_over(std::vector<Figure>& out, const Experiment& experiment, size_t axis) {
  const auto& of = experiment.axes[axis];
  const std::string metric = experiment.has("capacity") ? "capacity" : "throughput";
  const auto lines = lines_over(experiment, axis);
  const auto first = of.numbers.front();
  const auto last = of.numbers.back();
  Figure absolute{.id = fmt::format("scaling-{}-{}", axis + 1, metric),
                  .title = fmt::format("{} by {}", metric_words(metric), of.name),
                  .caption = metric == "capacity" ? "The largest load at which the condition of the search held." : "",
                  .x = x_axis(of)};
  Figure speed_up{
      .id = fmt::format("scaling-{}-speed-up", axis + 1),
      .title = fmt::format("Speed-up by {}", of.name),
      .caption = fmt::format(
          "{} / that at the smallest number of {} whose runs may be used.{}", metric_words(metric), of.name,
          metric == "throughput" ? " A load that the smallest number carries leaves nothing to speed up." : ""),
      .x = x_axis(of),
      .y = {.title = "speed-up"}};
  Figure efficiency{.id = fmt::format("scaling-{}-efficiency", axis + 1),
                    .title = fmt::format("Efficiency by {}", of.name),
                    .caption = fmt::format("Speed-up / how many times as many {}.", of.name),
                    .x = x_axis(of),
                    .y = {.title = "efficiency", .share = true}};
  for (const auto& line : lines.lines) {
    absolute.series.push_back(series_of(experiment, line, axis, [&](const ExperimentCell& cell) {
      const auto* spread = cell.spread(metric);
      return spread == nullptr ? std::nullopt : std::optional(*spread);
    }));
    speed_up.series.push_back(relative(experiment, line, axis, metric, false));
    efficiency.series.push_back(relative(experiment, line, axis, metric, true));
  }
  add_proportional(absolute);
  absolute.y = y_axis(metric_title(metric), absolute.series);
  speed_up.series.push_back(ideal("ideal", {{first, 1}, {last, last / first}}));
  efficiency.series.push_back(ideal("ideal", {{first, 1}, {last, 1}}));
  for (auto* figure : {&absolute, &speed_up, &efficiency})
    add_figure(out, experiment, std::move(*figure), lines.left_out);
}

void add_jobs_over(std::vector<Figure>& out, const Experiment& experiment, size_t axis) {
  const auto& of = experiment.axes[axis];
  const auto lines = lines_over(experiment, axis);
  Figure each{.id = fmt::format("jobs-{}-throughput", axis + 1),
              .title = fmt::format("Throughput of each of {}", of.name),
              .caption = fmt::format("Throughput / {}.", of.name),
              .x = x_axis(of)};
  Figure efficiency{.id = fmt::format("jobs-{}-efficiency", axis + 1),
                    .title = fmt::format("Throughput of each of {}, relative to the fewest", of.name),
                    .caption = fmt::format(
                        "Throughput / {}, divided by that at the smallest number whose runs may be used.", of.name),
                    .x = x_axis(of),
                    .y = {.title = "relative throughput of each", .share = true}};
  for (const auto& line : lines.lines) {
    std::map<const ExperimentCell*, double> jobs;
    for (const auto point : line.points)
      if (const auto* cell = experiment.cell(line.side, point); cell != nullptr)
        jobs[cell] = of.numbers[experiment.points[point].at[axis]];
    each.series.push_back(series_of(experiment, line, axis, [&](const ExperimentCell& cell) {
      return spread_of(values_of(cell, "throughput", jobs.at(&cell)), experiment.confidence);
    }));
    efficiency.series.push_back(relative(experiment, line, axis, "throughput", true));
  }
  each.y = y_axis(fmt::format("{} of each", metric_title("throughput")), each.series);
  efficiency.series.push_back(ideal("undisturbed", {{of.numbers.front(), 1}, {of.numbers.back(), 1}}));
  add_figure(out, experiment, std::move(each), lines.left_out);
  add_figure(out, experiment, std::move(efficiency), lines.left_out);
}

}  // namespace

void add_scaling(std::vector<Figure>& out, const Experiment& experiment) {
  for (size_t axis = 0; axis < experiment.axes.size(); ++axis)
    if (experiment.axes[axis].option() == "nodes" && usable_axis(experiment.axes[axis]))
      add_scaling_over(out, experiment, axis);
}

void add_jobs(std::vector<Figure>& out, const Experiment& experiment) {
  constexpr std::array jobs = {"pipelines", "tenants", "processes"};
  for (size_t axis = 0; axis < experiment.axes.size(); ++axis)
    if (std::ranges::find(jobs, experiment.axes[axis].option()) != jobs.end() && usable_axis(experiment.axes[axis]))
      add_jobs_over(out, experiment, axis);
}

}  // namespace host::report
