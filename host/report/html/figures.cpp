// The figures of experiments, as charts and tables of the page.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/number_text.hpp"
#include "report/escape.hpp"
#include "report/figures/figures.hpp"
#include "report/html/parts.hpp"
#include "report/html/table.hpp"

namespace host::report {
namespace {

using Json = nlohmann::ordered_json;

Json axis_json(const FigureAxis& axis) {
  Json out = {{"title", axis.title},
              {"scale", !axis.categories.empty() ? "category"
                        : axis.logarithmic       ? "log"
                        : axis.share             ? "percent"
                                                 : "linear"}};
  if (!axis.ticks.empty()) out["ticks"] = axis.ticks;
  return out;
}

// Ends of the y axis with room for the bars, which the chart library does not know of. What lies far beyond the values,
// as intervals of few runs do, is cut at the edge.
void add_reach(Json& axis, const Figure& figure) {
  double most = 0;
  double highest = 0;
  for (const auto& series : figure.series)
    for (const auto& point : series.points) {
      most = std::max(most, point.y.middle);
      highest = std::max(highest, point.y.high);
    }
  if (figure.y.logarithmic) return;
  axis["reach"] = {0, rounded(std::min(highest, 2 * most))};
}

struct Colors {
  const std::map<std::string, size_t>& of_page;
  [[nodiscard]] size_t of(const FigureSeries& series) const {
    const auto it = of_page.find(series.side);
    return series.side.empty() || it == of_page.end() ? series.color : it->second;
  }
};

// The points of a series that `take` wants as a line of their own; null where there are none.
template <class Take>
Json points_of(const FigureSeries& series, bool gaps, Take take) {
  Json out = {{"points", Json::array()}};
  bool any = false;
  for (const auto& point : series.points) {
    const bool taken = take(point);
    if (!taken && !gaps) continue;
    any = any || taken;
    out["points"].push_back({rounded(point.x), taken ? Json(rounded(point.y.middle)) : Json(nullptr)});
    if (series.guide || !series.marked) continue;
    out["bars"].push_back(taken && point.y.high > point.y.low ? Json({rounded(point.y.low), rounded(point.y.high)})
                                                              : Json(nullptr));
    out["notes"].push_back(point.note);
  }
  return any ? out : Json(nullptr);
}

// A series and the sets of its marks that look different. Those that are `quiet` have no place in the legend.
void add_series(Json& out, const FigureSeries& series, const Colors& colors) {
  const auto add = [&](const Json& points, const Json& looks) {
    if (points.is_null()) return;
    Json set = {{"name", series.name}, {"color", colors.of(series)}, {"dash", series.dash}, {"markers", series.marked}};
    if (!series.joined) set["apart"] = true;
    set.update(points);
    set.update(looks);
    out.push_back(std::move(set));
  };
  const auto plain = [](const FigurePoint& point) { return !point.hollow && !point.pale; };
  if (series.guide) {
    add(points_of(series, false, plain), {{"dash", 2}, {"light", true}, {"markers", false}});
    return;
  }
  // The first set of marks that there is stands in the legend, for all of them.
  bool named = false;
  const auto add_marks = [&](const Json& points, Json looks) {
    if (points.is_null()) return;
    if (named) looks["quiet"] = true;
    named = true;
    add(points, looks);
  };
  add_marks(points_of(series, series.joined, plain), Json::object());
  add_marks(points_of(series, false, [](const auto& point) { return point.pale && !point.hollow; }),
            {{"apart", true}, {"light", true}});
  add_marks(points_of(series, false, [](const auto& point) { return point.hollow; }),
            {{"apart", true}, {"hollow", true}});
  const auto add_over = [&](Json points, const char* look) {
    if (points.is_null()) return;
    points.erase("bars");
    points.erase("notes");
    add(points, {{"name", ""}, {"apart", true}, {"quiet", true}, {look, true}});
  };
  add_over(points_of(series, false, [](const auto& point) { return point.ringed; }), "ring");
  add_over(points_of(series, false, [](const auto& point) { return point.driver_limited; }), "crossed");
}

Chart chart_of(const Figure& figure, const Colors& colors) {
  Chart out{.title = figure.title, .caption = figure.caption, .spec = {{"kind", "line"}}};
  out.spec["x"] = axis_json(figure.x);
  out.spec["y"] = axis_json(figure.y);
  add_reach(out.spec["y"], figure);
  if (!figure.x.categories.empty()) out.spec["labels"] = figure.x.categories;
  out.spec["near"] = "xy";
  out.spec["series"] = Json::array();
  for (const auto& series : figure.series) add_series(out.spec["series"], series, colors);
  return out;
}

// Classes of report.css, by shade.
constexpr std::array<std::string_view, 5> shades = {"n h0", "n h1", "n h2", "n h3", "n h4"};

TableCell table_cell(const FigureCell& cell, const std::string& unit, bool with_range) {
  if (!cell.value) return missing_cell(cell.note);
  auto text = escape_html(base::measure_text(cell.value->middle, unit));
  if (cell.best) text = fmt::format("<strong>{}*</strong>", text);
  if (with_range && cell.value->high > cell.value->low)
    text += fmt::format(" <small>[{}, {}]</small>", escape_html(base::measure_text(cell.value->low, unit)),
                        escape_html(base::measure_text(cell.value->high, unit)));
  if (cell.hollow) return {fmt::format("({})", text), "n na", cell.note};
  if (!cell.shade) return {text, "n", cell.note};
  const auto shade =
      static_cast<size_t>(std::clamp(*cell.shade, 0.0, 1.0) * (static_cast<double>(shades.size()) - 1e-9));
  return {text, shades[std::min(shade, shades.size() - 1)], cell.note};
}

std::string table_of(const Figure& figure) {
  const bool map = figure.kind == FigureKind::heat;
  std::vector<std::string> headings = {figure.row_title};
  for (const auto& column : figure.columns)
    headings.push_back("#" + column.title + (map || column.unit == "0..1" ? "" : " " + column.unit));
  HtmlTable table(figure.title, std::move(headings));
  std::string group;
  for (const auto& row : figure.rows) {
    if (row.group != group) table.group(row.group);
    group = row.group;
    std::vector<TableCell> cells = {words(row.name)};
    for (size_t i = 0; i < row.cells.size(); ++i)
      cells.push_back(table_cell(row.cells[i], figure.columns[i].unit, !map));
    table.row(cells);
  }
  return table.html() + fmt::format("<p class=\"note\">{}</p>\n", escape_html(figure.caption));
}

}  // namespace

std::string experiment_part(Page& page) {
  std::string out;
  size_t number = 0;
  for (const auto& [title, figures] : experiment_figures(page.comparison)) {
    ++number;
    std::vector<Chart> charts;
    std::string tables;
    for (const auto& figure : figures) {
      if (figure.kind == FigureKind::table || figure.kind == FigureKind::heat)
        tables += table_of(figure);
      else
        charts.push_back(chart_of(figure, Colors{page.colors}));
    }
    if (charts.empty() && tables.empty()) continue;
    out += heading(number == 1 ? "figures" : fmt::format("figures{}", number),
                   title.empty() ? "Figures" : fmt::format("Figures: {}", title)) +
           charts_html(page, fmt::format("figure{}", number), std::move(charts)) + tables;
  }
  return out;
}

}  // namespace host::report
