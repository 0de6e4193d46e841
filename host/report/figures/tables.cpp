// Figures that are tables: sides beside each other, and two axes as a map.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "metrics/definitions.hpp"
#include "report/figures/parts.hpp"
#include "report/latex/tex.hpp"

namespace host::report {
namespace {

std::string unit_of(std::string_view metric) {
  const auto* definition = metrics::find_metric(metric);
  return definition == nullptr ? std::string() : std::string(definition->unit);
}

FigureCell cell_of(const ExperimentCell* cell, std::string_view metric) {
  FigureCell out;
  if (cell == nullptr) {
    out.note = "it was not run";
  } else if (const auto* spread = cell->spread(metric); spread != nullptr) {
    out.value = *spread;
    out.hollow = cell->hollow();
    out.note = cell->note();
  } else {
    out.note = cell->hollow() && cell->usable.empty() ? cell->note() : "the records have no value";
  }
  return out;
}

// The best of a group, where nothing is hollow about it, it is better than each other by more than the margin, and its
// interval overlaps none.
void mark_best(std::span<FigureRow> rows, size_t column, metrics::Direction better, double margin) {
  FigureCell* best = nullptr;
  const auto beats = [&](const FigureCell& a, const FigureCell& b) {
    const auto &x = *a.value, &y = *b.value;
    return better == metrics::Direction::lower ? x.high < y.low && x.middle * (1 + margin) < y.middle
                                               : x.low > y.high && x.middle > y.middle * (1 + margin);
  };
  for (auto& row : rows) {
    auto& cell = row.cells[column];
    if (!cell.value || cell.hollow || !cell.value->interval) continue;
    const bool beats_all = std::ranges::all_of(rows, [&](const FigureRow& other) {
      const auto& with = other.cells[column];
      return &with == &cell || (with.value && (with.hollow || beats(cell, with)));
    });
    if (beats_all) best = &cell;
  }
  if (best != nullptr && rows.size() > 1) best->best = true;
}

struct Scale {
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();
};

// At most `most` values of an axis, evenly.
std::vector<size_t> shown_values(const ExperimentAxis& axis) {
  constexpr size_t most = 20;
  const auto count = axis.texts.size();
  std::vector<size_t> out;
  for (size_t i = 0; i < std::min(count, most); ++i) out.push_back(count <= most ? i : i * (count - 1) / (most - 1));
  return out;
}

Figure heat_map(const Experiment& experiment, std::string_view metric, size_t side, size_t down, size_t across) {
  const auto& rows = experiment.axes[down];
  const auto& columns = experiment.axes[across];
  // The first point of each place: those that differ in a third axis beside it are named in the caption.
  std::map<std::pair<size_t, size_t>, size_t> at;
  for (size_t i = 0; i < experiment.points.size(); ++i)
    at.emplace(std::pair(experiment.points[i].at[down], experiment.points[i].at[across]), i);
  Figure out{
      .id = fmt::format("heat-{}-{}", tex_slug(metric), side + 1),
      .title = fmt::format("{} of {}: {} by {}", metric_title(metric), experiment.sides[side], rows.name, columns.name),
      .kind = FigureKind::heat,
      .row_title = fmt::format("{} / {}", rows.name, columns.name)};
  for (const auto column : shown_values(columns)) out.columns.push_back({columns.texts[column], unit_of(metric)});
  for (const auto row : shown_values(rows)) {
    out.rows.push_back({.group = {}, .name = rows.texts[row]});
    for (const auto column : shown_values(columns)) {
      const auto point = at.find({row, column});
      out.rows.back().cells.push_back(
          cell_of(point == at.end() ? nullptr : experiment.cell(side, point->second), metric));
    }
  }
  return out;
}

// One scale for the maps of all sides, or their shades would mean different values.
void shade(std::span<Figure> maps) {
  Scale scale;
  for (const auto& map : maps)
    for (const auto& row : map.rows)
      for (const auto& cell : row.cells)
        if (cell.value && !cell.hollow) {
          scale.least = std::min(scale.least, cell.value->middle);
          scale.most = std::max(scale.most, cell.value->middle);
        }
  for (auto& map : maps)
    for (auto& row : map.rows)
      for (auto& cell : row.cells)
        if (cell.value && !cell.hollow && scale.most > scale.least)
          cell.shade = (cell.value->middle - scale.least) / (scale.most - scale.least);
}

}  // namespace

void add_heat_maps(std::vector<Figure>& out, const Experiment& experiment) {
  constexpr std::array drawn = {"throughput", "latency_p99", "slo_attainment"};
  constexpr size_t most_sides = 4;
  // The first axis and the first that does not change along with it.
  std::array<size_t, 2> axes = {0, 1};
  while (axes[1] < experiment.axes.size() && change_together(experiment, axes[0], axes[1])) ++axes[1];
  if (axes[1] >= experiment.axes.size()) return;
  const auto others = free_axes(experiment, axes);
  std::string left_out;
  if (!others.empty())
    left_out = fmt::format("Of points that differ in other axes the first is shown ({}).",
                           values_text(experiment, experiment.points.front(), others));
  for (const auto axis : axes)
    if (shown_values(experiment.axes[axis]).size() < experiment.axes[axis].texts.size())
      left_out += fmt::format("{}{} of {} values of {} are shown.", left_out.empty() ? "" : " ",
                              shown_values(experiment.axes[axis]).size(), experiment.axes[axis].texts.size(),
                              experiment.axes[axis].name);
  if (experiment.sides.size() > most_sides)
    left_out += fmt::format("{}Maps are made of the first {} of {} sides.", left_out.empty() ? "" : " ", most_sides,
                            experiment.sides.size());
  for (const auto* metric : drawn) {
    std::vector<Figure> maps;
    for (size_t side = 0; side < std::min(experiment.sides.size(), most_sides); ++side)
      maps.push_back(heat_map(experiment, metric, side, axes[0], axes[1]));
    shade(maps);
    for (auto& map : maps) {
      map.caption = maps.size() > 1 ? "The darker, the larger, on one scale for all sides." : "The darker, the larger.";
      add_figure(out, experiment, std::move(map), left_out);
    }
  }
}

void add_side_table(std::vector<Figure>& out, const Experiment& experiment) {
  constexpr std::array shown = {"capacity",    "throughput",   "goodput",       "latency_p50",
                                "latency_p99", "load_balance", "slo_attainment"};
  constexpr size_t most_rows = 200;
  Figure table{.id = "sides",
               .title = experiment.points.size() > 1 ? "Sides at each point" : "Sides",
               .kind = FigureKind::table,
               .row_title = "side"};
  std::vector<std::string_view> names;
  for (const auto* metric : shown)
    if (experiment.has(metric)) {
      names.emplace_back(metric);
      table.columns.push_back({metric, unit_of(metric)});
    }
  const auto points =
      std::min(experiment.points.size(), std::max<size_t>(1, most_rows / std::max<size_t>(1, experiment.sides.size())));
  bool any_best = false;
  for (size_t point = 0; point < points; ++point) {
    const auto begin = table.rows.size();
    for (size_t side = 0; side < experiment.sides.size(); ++side) {
      const auto* cell = experiment.cell(side, point);
      FigureRow row{.group = experiment.points.size() > 1 ? experiment.points[point].name : std::string(),
                    .name = experiment.sides[side]};
      if (cell != nullptr && cell->driver_limited > 0) row.name += " (limited by its driver)";
      for (const auto metric : names) row.cells.push_back(cell_of(cell, metric));
      table.rows.push_back(std::move(row));
    }
    for (size_t column = 0; column < names.size(); ++column) {
      const auto group = std::span(table.rows).subspan(begin);
      mark_best(group, column, metrics::find_metric(names[column])->better, experiment.margin);
      any_best = any_best || std::ranges::any_of(group, [&](const auto& row) { return row.cells[column].best; });
    }
  }
  if (any_best)
    table.caption =
        fmt::format("Marked *: better than every other side by more than {:.4g} %, and the intervals do not overlap.",
                    experiment.margin * 100);
  std::string left_out;
  if (points < experiment.points.size())
    left_out = fmt::format("The first {} of {} points are shown; the table of the runs, cells.csv, has all.", points,
                           experiment.points.size());
  add_figure(out, experiment, std::move(table), left_out);
}

}  // namespace host::report
