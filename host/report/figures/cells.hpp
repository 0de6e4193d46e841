// The records of an experiment by side and point, and what their repetitions come to.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compare/comparison.hpp"
#include "report/figures/figure.hpp"

namespace host::report {

// What figures are made of, all of the whole run.
inline constexpr std::array figure_metrics = {"throughput",  "goodput",     "slo_attainment", "latency_p50",
                                              "latency_p95", "latency_p99", "load_balance",   "capacity"};

struct ExperimentAxis {
  std::string name;                // as in the file: "rate", "q2.baseline"
  bool numeric = true;             // every value is a number
  std::vector<std::string> texts;  // its values: numbers ascending, texts in the order of the points
  std::vector<double> numbers;     // the same of a numeric one
  // "rate" of "load.rate".
  [[nodiscard]] std::string_view option() const;
};

struct ExperimentPoint {
  std::string name;
  std::vector<size_t> at;  // for each axis, which of its values
};

// The repetitions of one side at one point.
struct ExperimentCell {
  size_t runs = 0;
  size_t invalid = 0;  // of them
  size_t failed = 0;   // failed or interrupted
  size_t driver_limited = 0;
  // By metric: of the runs that may be used; where there are none, of those that are INVALID, which makes it hollow.
  std::map<std::string, std::vector<double>, std::less<>> values;
  std::map<std::string, Spread, std::less<>> spreads;
  std::vector<const compare::ResultRecord*> usable;
  [[nodiscard]] bool hollow() const { return invalid + failed > 0; }
  [[nodiscard]] const Spread* spread(std::string_view metric) const;  // null = it has no value
  [[nodiscard]] std::string note() const;                             // "n = 3, limited by its driver"
};

struct Experiment {
  std::string id;
  std::string title;
  std::vector<std::string> sides;
  std::vector<ExperimentAxis> axes;  // those of several values
  std::vector<ExperimentPoint> points;
  std::map<std::pair<size_t, size_t>, ExperimentCell> cells;  // by side and point
  std::set<std::string> clocks;
  std::set<std::string> seeds;  // "one", "per-block"
  double confidence = 0.95;
  double margin = 0.05;  // of a ratio that counts as the same
  [[nodiscard]] const ExperimentCell* cell(size_t side, size_t point) const;
  [[nodiscard]] bool has(std::string_view metric) const;  // a cell at least
};

// Of the records with metadata.experiment, which the comparison holds.
std::vector<Experiment> experiments_of(const compare::Comparison& comparison);

// From 3 positive values on the interval of the geometric mean, by the method of ratios (compare/statistics.hpp); else
// the median and the range. Nothing without a value.
std::optional<Spread> spread_of(std::span<const double> values, double confidence);
// Of a share of 0..1, whose logarithm has no room above: the mean with Student's interval, from 3 values on.
std::optional<Spread> share_spread(std::span<const double> values, double confidence);
// Of candidate / baseline, by the method of ratios: without an interval the ratio of the medians alone.
std::optional<Spread> ratio_spread(std::span<const double> baseline, std::span<const double> candidate,
                                   double confidence);

// One line of a figure over an axis: the points that differ in nothing else.
struct ExperimentLine {
  size_t side = 0;
  std::string name;            // of the side and of the values of the other axes
  size_t dash = 0;             // by those values; where there is one combination of them, by side
  std::vector<size_t> points;  // ascending by the axis
};
struct ExperimentLines {
  std::vector<ExperimentLine> lines;
  std::string left_out;  // a sentence; empty = nothing is
};
constexpr size_t most_lines = 12;    // in a figure
constexpr size_t most_points = 480;  // in all of its lines: TeX's memory holds no two figures of twice as many
ExperimentLines lines_over(const Experiment& experiment, size_t axis);

// Axes whose values are not decided by those at `given`: points that are a list may vary several at once.
std::vector<size_t> free_axes(const Experiment& experiment, std::span<const size_t> given);
// Whether either decides the other: then one figure over them is enough.
bool change_together(const Experiment& experiment, size_t axis, size_t other);
// "nodes = 2, mode = a" of a point, for some axes.
std::string values_text(const Experiment& experiment, const ExperimentPoint& point, std::span<const size_t> axes);

}  // namespace host::report
