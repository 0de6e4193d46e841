// The figures of experiments, by pgfplots and as tables.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/figures/figures.hpp"
#include "report/latex/parts.hpp"
#include "report/latex/tex.hpp"
#include "report/metric_rows.hpp"

namespace host::report {
namespace {

constexpr std::array colours = {"sageA", "sageB", "sageC", "sageD", "sageE", "sageF"};
constexpr std::array dashes = {"solid",          "densely dashed", "dashdotted",
                               "densely dotted", "loosely dashed", "dashdotdotted"};
constexpr std::array marks = {"*", "square*", "triangle*", "diamond*", "pentagon*"};
constexpr std::array hollow_marks = {"o", "square", "triangle", "diamond", "pentagon"};

// Text longer than a name, word by word: tex_text() cuts what is one.
std::string prose(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    out += (out.empty() ? "" : " ") + tex_text(word);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return out;
}

std::string axis_title(const FigureAxis& axis) { return tex_text(axis.title) + (axis.share ? " (\\%)" : ""); }

std::string axis_options(const Figure& figure) {
  std::string out = fmt::format("sage,height=0.5\\linewidth,enlarge x limits=0.05,xlabel={{{}}},ylabel={{{}}}",
                                axis_title(figure.x), axis_title(figure.y));
  if (figure.x.logarithmic) out += ",xmode=log";
  out += figure.y.logarithmic ? ",ymode=log" : ",ymin=0";
  std::string ticks;
  std::string labels;
  const auto add = [&](double at, const std::string& label) {
    ticks += fmt::format("{}{:.6g}", ticks.empty() ? "" : ",", at);
    labels += fmt::format("{}{{{}}}", labels.empty() ? "" : ",", label);
  };
  for (size_t i = 0; i < figure.x.categories.size(); ++i) add(static_cast<double>(i), tex_text(figure.x.categories[i]));
  if (figure.x.categories.empty())
    for (const auto tick : figure.x.ticks) add(tick, fmt::format("{:.6g}", tick));
  if (!ticks.empty()) out += fmt::format(",\n  xtick={{{}}},xticklabels={{{}}}", ticks, labels);
  if (!figure.x.categories.empty()) out += ",xticklabel style={rotate=30,anchor=north east}";
  return out;
}

// What of a series is drawn alike: a column of its data, and how.
struct Look {
  const char* column;
  bool (*takes)(const FigurePoint& point);
  std::string options;
  bool bars = false;
};

std::string number(bool there, double value) { return there ? fmt::format("{:.6g}", value) : "nan"; }

std::string data_of(const Figure& figure, const FigureSeries& series, const std::vector<Look>& looks) {
  const double x_scale = figure.x.share ? 100 : 1;
  const double y_scale = figure.y.share ? 100 : 1;
  std::string out = "x plus minus";
  for (const auto& look : looks) out += fmt::format(" {}", look.column);
  out += '\n';
  for (const auto& point : series.points) {
    out += fmt::format("{:.6g} {:.6g} {:.6g}", point.x * x_scale, (point.y.high - point.y.middle) * y_scale,
                       (point.y.middle - point.y.low) * y_scale);
    for (const auto& look : looks) out += " " + number(look.takes(point), point.y.middle * y_scale);
    out += '\n';
  }
  return out;
}

std::vector<Look> looks_of(const FigureSeries& series) {
  const std::string colour = colours[series.color % colours.size()];
  const auto* dash = dashes[series.dash % dashes.size()];
  if (series.guide)
    return {{"y", [](const FigurePoint&) { return true; },
             fmt::format("{},thin,loosely dotted,mark=none", series.side.empty() ? "gray" : colour)}};
  const auto mark = series.marked ? fmt::format("mark={},mark options={{solid}}", marks[series.dash % marks.size()])
                                  : std::string("mark=none");
  const auto line = series.joined ? fmt::format("thick,{}", dash) : std::string("only marks");
  const auto* hollow = hollow_marks[series.dash % hollow_marks.size()];
  return {{"y", [](const FigurePoint& point) { return !point.hollow && !point.pale; },
           fmt::format("{},{},{}", colour, line, mark), series.marked},
          {"pale", [](const FigurePoint& point) { return point.pale && !point.hollow; },
           fmt::format("{}!35,only marks,{}", colour, mark)},
          {"hollow", [](const FigurePoint& point) { return point.hollow; },
           fmt::format("{},only marks,mark={}", colour, hollow), true},
          {"ringed", [](const FigurePoint& point) { return point.ringed; },
           fmt::format("{},only marks,mark=o,mark size=4.5pt", colour)},
          {"crossed", [](const FigurePoint& point) { return point.driver_limited; },
           "black,only marks,mark=x,mark size=4pt"}};
}

std::vector<TexFile> curves(const Figure& figure, const std::string& stem, const std::string& caption) {
  std::vector<TexFile> out;
  std::string plots;
  for (size_t i = 0; i < figure.series.size(); ++i) {
    const auto& series = figure.series[i];
    auto looks = looks_of(series);
    std::erase_if(looks, [&](const Look& look) { return std::ranges::none_of(series.points, look.takes); });
    const auto file = fmt::format("{}-{}.dat", stem, i + 1);
    for (size_t k = 0; k < looks.size(); ++k) {
      const auto& look = looks[k];
      // A name for each series, not for each way in which its points look.
      plots += fmt::format("\\addplot[{}{}{}] table[x=x,y={}{}] {{\\sagedir/{}}};\n", look.options,
                           k == 0 ? "" : ",forget plot", look.bars ? ",error bars/.cd,y dir=both,y explicit" : "",
                           look.column, look.bars ? ",y error plus=plus,y error minus=minus" : "", file);
      if (k == 0) plots += fmt::format("\\addlegendentry{{{}}}\n", tex_text(series.name));
    }
    out.push_back({file, data_of(figure, series, looks)});
  }
  out.push_back(
      {stem + ".tex",
       tex_figure(fmt::format("\\begin{{axis}}[{}]\n{}\\end{{axis}}\n", axis_options(figure), plots), caption, stem)});
  return out;
}

std::string cell_text(const FigureCell& cell, bool with_range) {
  if (!cell.value) return "---";
  auto text = tex_number(cell.value->middle);
  if (cell.best) text = fmt::format("\\textbf{{{}}}*", text);
  if (with_range && cell.value->high > cell.value->low)
    text += fmt::format(" {{[}}{}, {}{{]}}", tex_number(cell.value->low), tex_number(cell.value->high));
  if (cell.hollow) return fmt::format("\\textcolor{{gray}}{{({})}}", text);
  if (cell.shade) text = fmt::format("\\cellcolor{{sageA!{:.0f}}}{}", 5 + 45 * std::clamp(*cell.shade, 0.0, 1.0), text);
  return text;
}

std::string table(const Figure& figure, const std::string& stem, const std::string& caption) {
  const bool map = figure.kind == FigureKind::heat;
  TexTable out{.columns = "l" + std::string(figure.columns.size(), 'r'),
               .header = {tex_text(figure.row_title)},
               .rows = {},
               .caption = caption,
               .label = "tab:" + stem,
               .notes = {}};
  for (const auto& column : figure.columns) {
    auto title = map ? column.title : metric_text(column.title);
    if (!map && !column.unit.empty()) title += fmt::format(" ({})", column.unit);
    out.header.push_back(tex_text(title));
  }
  std::string group;
  for (const auto& row : figure.rows) {
    if (row.group != group) {
      if (!group.empty()) out.rows.emplace_back("\\addlinespace");
      out.rows.push_back(
          fmt::format("\\multicolumn{{{}}}{{l}}{{\\itshape {}}}\\\\", out.header.size(), tex_text(row.group)));
    }
    group = row.group;
    std::vector<std::string> cells = {tex_text(row.name)};
    for (const auto& cell : row.cells) cells.push_back(cell_text(cell, !map));
    out.rows.push_back(tex_row(cells));
  }
  return to_tex(out);
}

}  // namespace

std::vector<TexFile> experiment_files(const compare::Comparison& comparison) {
  std::vector<TexFile> out;
  size_t number = 0;
  for (const auto& [title, figures] : experiment_figures(comparison)) {
    ++number;
    for (const auto& figure : figures) {
      const auto stem = fmt::format("experiment-{:02}-{}", number, figure.id);
      const auto caption =
          prose(fmt::format("{}{}{}. {}", title, title.empty() ? "" : ": ", figure.title, figure.caption));
      if (figure.kind == FigureKind::table || figure.kind == FigureKind::heat)
        out.push_back({stem + ".tex", table(figure, stem, caption)});
      else
        std::ranges::move(curves(figure, stem, caption), std::back_inserter(out));
    }
  }
  return out;
}

}  // namespace host::report
