#include "report/figures/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "metrics/definitions.hpp"
#include "report/figures/parts.hpp"
#include "report/metric_rows.hpp"

namespace host::report {
namespace {

constexpr double far_apart = 20;  // the largest value over the smallest: beyond it an axis is logarithmic

// Neighbours differ by about the same factor: 1, 2, 5, 10 do, 10, 20, 30, 40 do not.
bool geometric(const std::vector<double>& values) {
  if (values.size() < 3 || values.front() <= 0) return false;
  double least = values[1] / values[0];
  double most = least;
  for (size_t i = 2; i < values.size(); ++i) {
    least = std::min(least, values[i] / values[i - 1]);
    most = std::max(most, values[i] / values[i - 1]);
  }
  return least > 1 && most <= least * 2.5;
}

void capitalise(std::string& text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
}

// Counts over what a figure shows.
struct Shown {
  size_t least = SIZE_MAX;
  size_t most = 0;
  size_t intervals = 0;
  size_t ranges = 0;
  size_t shares = 0;  // of the intervals
  size_t hollow = 0;
  size_t crossed = 0;
  size_t ringed = 0;
  size_t absent = 0;
  void add(const Spread& value, bool is_hollow) {
    least = std::min(least, value.n);
    most = std::max(most, value.n);
    (value.interval ? intervals : ranges) += 1;
    shares += value.share ? 1U : 0U;
    hollow += is_hollow ? 1U : 0U;
  }
};

Shown shown_in(const Figure& figure) {
  Shown out;
  for (const auto& series : figure.series) {
    out.absent += series.absent;
    for (const auto& point : series.points) {
      if (series.guide) continue;
      out.add(point.y, point.hollow);
      out.crossed += point.driver_limited ? 1U : 0U;
      out.ringed += point.ringed ? 1U : 0U;
    }
  }
  for (const auto& row : figure.rows)
    for (const auto& cell : row.cells)
      if (cell.value) out.add(*cell.value, cell.hollow);
  return out;
}

// How many runs a value is of, and what is drawn around it: bars, in a table brackets, in a map nothing.
std::string method_text(const Shown& shown, double confidence, FigureKind kind) {
  const auto n = shown.least == shown.most ? fmt::format("n = {}", shown.least)
                                           : fmt::format("n = {} to {}", shown.least, shown.most);
  const auto around = [&](const std::string& what) {
    return kind == FigureKind::heat ? std::string()
                                    : fmt::format(", {} {}", kind == FigureKind::table ? "brackets" : "bars", what);
  };
  const bool shares_alone = shown.shares == shown.intervals;
  const auto* method = shares_alone ? "Student's"
                       : shown.shares > 0
                           ? "bootstrap-t on the logarithms, with fewer than 5 runs Student's; of shares "
                             "the mean and Student's"
                           : "bootstrap-t on the logarithms, with fewer than 5 runs Student's";
  const auto interval = fmt::format("the {}mean of the runs", shares_alone ? "" : "geometric ") +
                        around(fmt::format("its {:.4g} % confidence interval ({})", confidence * 100, method));
  const auto range = "the median of the runs" + around("their range");
  if (shown.ranges == 0) return fmt::format("{} runs each: {}.", n, interval);
  if (shown.most == 1) return "n = 1 run each.";
  if (shown.intervals == 0) return fmt::format("{} runs each: {}.", n, range);
  return fmt::format("{} runs each: {}; with fewer than 3 runs or a value of 0 {}.", n, interval, range);
}

}  // namespace

std::string metric_words(std::string_view metric) {
  auto out = metric_text(metric);
  if (out.starts_with("slo ")) out.replace(0, 3, "SLO");
  return out;
}

std::string metric_title(std::string_view metric) {
  const auto* definition = metrics::find_metric(metric);
  auto out = metric_words(metric);
  if (definition != nullptr && definition->unit != "0..1" && definition->unit != "ratio")
    out += fmt::format(" ({})", definition->unit);
  return out;
}

FigureAxis x_axis(const ExperimentAxis& axis) {
  FigureAxis out{.title = axis.name};
  if (!axis.numeric) {
    out.categories = axis.texts;
    return out;
  }
  constexpr size_t most_ticks = 12;
  out.logarithmic = geometric(axis.numbers) && axis.numbers.back() > far_apart * axis.numbers.front();
  if (axis.numbers.size() <= most_ticks) out.ticks = axis.numbers;
  return out;
}

FigureAxis y_axis(std::string title, const std::vector<FigureSeries>& series) {
  FigureAxis out{.title = std::move(title)};
  double least = INFINITY;
  double most = 0;
  for (const auto& of : series)
    for (const auto& point : of.points) {
      least = std::min({least, point.y.low, point.y.middle});
      most = std::max(most, point.y.middle);
    }
  out.logarithmic = least > 0 && most > far_apart * least;
  return out;
}

std::string clock_and_seeds(const Experiment& experiment) {
  std::string out;
  if (experiment.clocks.contains("virtual"))
    out = experiment.clocks.size() == 1 ? "Simulated time: nothing here was measured on hardware."
                                        : "Simulated time of some runs is set beside real time of others.";
  else
    out = experiment.clocks.empty() ? "The records do not say by which clock." : "Real time.";
  if (experiment.seeds == std::set<std::string>{"one"}) {
    out += " One seed for all repetitions";
    // A simulated run is the same bit for bit: its intervals, of no width, say nothing.
    const bool repeated = std::ranges::any_of(experiment.cells, [](const auto& cell) { return cell.second.runs > 1; });
    out += repeated && experiment.clocks == std::set<std::string>{"virtual"}
               ? ", which makes them one and the same run."
               : ".";
  }
  if (experiment.seeds == std::set<std::string>{"per-block"})
    out += " A seed of its own for each block of repetitions.";
  return out;
}

void add_figure(std::vector<Figure>& out, const Experiment& experiment, Figure figure, const std::string& left_out) {
  capitalise(figure.title);
  capitalise(figure.caption);
  const auto shown = shown_in(figure);
  std::erase_if(figure.series, [](const FigureSeries& series) { return series.points.empty(); });
  if (shown.most == 0) return;
  const bool table = figure.kind == FigureKind::table || figure.kind == FigureKind::heat;
  auto& caption = figure.caption;
  if (!caption.empty()) caption += ' ';
  caption += method_text(shown, experiment.confidence, figure.kind);
  const auto counted = [&](size_t n, std::string_view what) {
    caption += fmt::format(" {}: {} {}{}", table ? "In parentheses" : "Hollow", n, table ? "value" : "point",
                           n == 1 ? "" : "s") +
               std::string(what);
  };
  if (shown.hollow > 0)
    counted(
        shown.hollow,
        ", of whose runs some are INVALID or failed; where none may be used, the value is that of the INVALID ones.");
  if (shown.absent > 0)
    caption += fmt::format(" Absent: {} point{} without a value.", shown.absent, shown.absent == 1 ? "" : "s");
  if (shown.crossed > 0)
    caption += fmt::format(" Crossed: {} point{} limited by the driver.", shown.crossed, shown.crossed == 1 ? "" : "s");
  if (shown.ringed > 0)
    caption += " Ringed: the knee of a line, where throughput / latency, its power, is largest (Kleinrock 1979).";
  if (!left_out.empty()) caption += " " + left_out;
  caption += " " + clock_and_seeds(experiment);
  out.push_back(std::move(figure));
}

size_t detailed_configs(const compare::Comparison& comparison) {
  const auto count = comparison.configs.size();
  for (const auto& config : comparison.configs)
    for (const auto& side : config.sides)
      for (const auto* run : side.repetitions)
        if (run->metadata({"experiment"}).is_object()) return std::min(count, most_detailed);
  return count;
}

std::vector<ExperimentFigures> experiment_figures(const compare::Comparison& comparison) {
  std::vector<ExperimentFigures> out;
  for (const auto& experiment : experiments_of(comparison)) {
    ExperimentFigures of{.title = experiment.title, .figures = {}};
    add_load_curves(of.figures, experiment);
    add_scaling(of.figures, experiment);
    add_jobs(of.figures, experiment);
    add_axis_curves(of.figures, experiment);
    add_isolation(of.figures, experiment);
    add_frontier(of.figures, experiment);
    add_heat_maps(of.figures, experiment);
    add_side_table(of.figures, experiment);
    out.push_back(std::move(of));
  }
  return out;
}

}  // namespace host::report
