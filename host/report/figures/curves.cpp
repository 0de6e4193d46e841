// Lines over an axis: latency against throughput, and every metric against every axis.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "report/figures/parts.hpp"
#include "report/latex/tex.hpp"

namespace host::report {
namespace {

// The largest throughput / latency among the points that may be judged; with fewer than 3 there is no knee to see.
void ring_knee(FigureSeries& series) {
  FigurePoint* knee = nullptr;
  size_t judged = 0;
  for (auto& point : series.points) {
    if (point.hollow || point.y.middle <= 0) continue;
    ++judged;
    if (knee == nullptr || point.x / point.y.middle > knee->x / knee->y.middle) knee = &point;
  }
  if (judged >= 3) knee->ringed = true;
}

void add_load_curve(std::vector<Figure>& out, const Experiment& experiment, size_t axis, const std::string& metric) {
  const auto lines = lines_over(experiment, axis);
  Figure figure{.id = fmt::format("load-{}-{}", axis + 1, tex_slug(metric)),
                .title = fmt::format("Throughput against {}, by {}", metric_words(metric), experiment.axes[axis].name)};
  for (const auto& line : lines.lines) {
    auto series = series_of(experiment, line, axis, [&](const ExperimentCell& cell) -> std::optional<Spread> {
      const auto* latency = cell.spread(metric);
      return latency == nullptr || cell.spread("throughput") == nullptr ? std::nullopt : std::optional(*latency);
    });
    // In the order of the axis, at the throughput that was reached.
    size_t i = 0;
    for (const auto point : line.points) {
      const auto* cell = experiment.cell(line.side, point);
      if (cell == nullptr || cell->spread(metric) == nullptr || cell->spread("throughput") == nullptr) continue;
      series.points[i++].x = cell->spread("throughput")->middle;
    }
    ring_knee(series);
    figure.series.push_back(std::move(series));
  }
  figure.x.title = metric_title("throughput");
  figure.y = y_axis(metric_title(metric), figure.series);
  add_figure(out, experiment, std::move(figure), lines.left_out);
}

}  // namespace

void add_load_curves(std::vector<Figure>& out, const Experiment& experiment) {
  for (size_t axis = 0; axis < experiment.axes.size(); ++axis) {
    const auto& of = experiment.axes[axis];
    if (!of.numeric || (of.option() != "rate" && of.option() != "concurrency")) continue;
    for (const auto* metric : {"latency_p50", "latency_p95", "latency_p99"})
      add_load_curve(out, experiment, axis, metric);
  }
}

void add_axis_curves(std::vector<Figure>& out, const Experiment& experiment) {
  constexpr std::array drawn = {"throughput", "goodput", "slo_attainment", "latency_p50", "latency_p99"};
  for (size_t axis = 0; axis < experiment.axes.size(); ++axis) {
    bool drawn_already = false;
    for (size_t other = 0; other < axis; ++other)
      drawn_already = drawn_already || change_together(experiment, axis, other);
    if (drawn_already) continue;
    const auto lines = lines_over(experiment, axis);
    for (const std::string metric : drawn) {
      Figure figure{.id = fmt::format("axis-{}-{}", axis + 1, tex_slug(metric)),
                    .title = fmt::format("{} by {}", metric_words(metric), experiment.axes[axis].name)};
      for (const auto& line : lines.lines)
        figure.series.push_back(series_of(experiment, line, axis, [&](const ExperimentCell& cell) {
          const auto* spread = cell.spread(metric);
          return spread == nullptr ? std::nullopt : std::optional(*spread);
        }));
      figure.x = x_axis(experiment.axes[axis]);
      figure.y = y_axis(metric_title(metric), figure.series);
      if (metric == "slo_attainment") figure.y = {.title = metric_title(metric), .share = true};
      add_figure(out, experiment, std::move(figure), lines.left_out);
    }
  }
}

void add_frontier(std::vector<Figure>& out, const Experiment& experiment) {
  constexpr size_t most_dominated = 1000;  // drawn; the frontier is drawn whole
  const auto latency = experiment.has("latency_p99")   ? "latency_p99"
                       : experiment.has("latency_p95") ? "latency_p95"
                                                       : "latency_p50";
  struct At {
    size_t side;
    size_t point;
    double throughput;
    double latency;
  };
  std::vector<At> judged;
  for (const auto& [where, cell] : experiment.cells)
    if (const auto *x = cell.spread("throughput"), *y = cell.spread(latency); x != nullptr && y != nullptr)
      if (!cell.hollow()) judged.push_back({where.first, where.second, x->middle, y->middle});
  if (judged.size() < 2) return;
  // From the largest throughput down, what has a lower latency than all before it is on the frontier.
  std::ranges::stable_sort(judged, [](const At& a, const At& b) {
    return a.throughput != b.throughput ? a.throughput > b.throughput : a.latency < b.latency;
  });
  std::set<std::pair<size_t, size_t>> best;
  FigureSeries frontier{.name = "frontier", .guide = true};
  double least = INFINITY;
  for (const auto& at : judged) {
    if (at.latency >= least) continue;
    least = at.latency;
    best.emplace(at.side, at.point);
    frontier.points.push_back({.x = at.throughput, .y = {at.latency, at.latency, at.latency, 1, false}});
  }
  Figure figure{.id = "pareto",
                .title = fmt::format("throughput and {}: the Pareto frontier over all points", metric_words(latency)),
                .caption = "Pale: another point has at least the throughput and at most the latency.",
                .kind = FigureKind::scatter};
  const auto sides = std::min(experiment.sides.size(), most_lines);
  for (size_t side = 0; side < sides; ++side)
    figure.series.push_back(
        {.name = experiment.sides[side], .side = experiment.sides[side], .color = side, .dash = side, .joined = false});
  size_t dominated = 0;
  size_t left_out = 0;
  for (const auto& [where, cell] : experiment.cells) {
    const auto *x = cell.spread("throughput"), *y = cell.spread(latency);
    if (x == nullptr || y == nullptr || where.first >= sides) continue;
    const bool on = best.contains(where);
    if (!on && ++dominated > most_dominated) {
      ++left_out;
      continue;
    }
    figure.series[where.first].points.push_back({.x = x->middle,
                                                 .y = *y,
                                                 .hollow = cell.hollow(),
                                                 .driver_limited = cell.driver_limited > 0,
                                                 .pale = !on,
                                                 .note = experiment.points[where.second].name + ", " + cell.note()});
  }
  std::ranges::reverse(frontier.points);
  figure.series.push_back(std::move(frontier));
  figure.x.title = metric_title("throughput");
  figure.y = y_axis(metric_title(latency), figure.series);
  std::string said;
  if (sides < experiment.sides.size())
    said = fmt::format("The first {} of {} sides are drawn.", sides, experiment.sides.size());
  if (left_out > 0) said += fmt::format("{}{} pale points are left out.", said.empty() ? "" : " ", left_out);
  add_figure(out, experiment, std::move(figure), said);
}

}  // namespace host::report
