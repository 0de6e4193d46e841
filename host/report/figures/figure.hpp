// A figure of an experiment as data. The page and LaTeX draw it; what it shows is decided here and nowhere else.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace host::report {

// A value over the repetitions of one side at one point.
struct Spread {
  double middle = 0;  // geometric mean, of shares the mean, where there is an interval; else the median
  double low = 0;
  double high = 0;
  size_t n = 0;
  bool interval = false;  // low and high are a confidence interval, else the range
  bool share = false;     // the mean with Student's interval
};

struct FigureAxis {
  std::string title;  // "rate", "latency p99 (ms)"
  bool logarithmic = false;
  bool share = false;                        // 0..1, written in per cent
  std::vector<std::string> categories = {};  // of texts, which stand at 0, 1, ...; empty = numbers
  std::vector<double> ticks = {};            // the values there are; empty = wherever ticks fit
};

struct FigurePoint {
  double x = 0;
  Spread y;
  bool hollow = false;  // runs of it are INVALID or failed: nothing may be concluded from it, no line leads there
  bool driver_limited = false;  // crossed
  bool ringed = false;          // the knee of its line
  bool pale = false;            // another point is better in both metrics
  std::string note = {};        // "rate = 20, n = 3"
};

struct FigureSeries {
  std::string name;
  std::string side = {};  // whose colour it has; empty = `color`
  size_t color = 0;
  size_t dash = 0;
  bool joined = true;
  bool marked = true;
  bool guide = false;  // an ideal, nothing measured: a light line without marks
  std::vector<FigurePoint> points = {};
  size_t absent = 0;  // points of the line without a value
};

struct FigureColumn {
  std::string title;
  std::string unit;
};

struct FigureCell {
  std::optional<Spread> value = {};
  bool hollow = false;               // as of a point
  bool best = false;                 // of its group, beyond the margin, and its interval overlaps no other
  std::optional<double> shade = {};  // 0..1, of a heat map
  std::string note = {};
};

struct FigureRow {
  std::string group;  // rows of one group stand together, under its name
  std::string name;
  std::vector<FigureCell> cells = {};
};

enum class FigureKind { curves, scatter, table, heat };

struct Figure {
  std::string id;  // lower-case letters, digits and '-': part of file names
  std::string title;
  std::string caption = {};
  FigureKind kind = FigureKind::curves;
  FigureAxis x = {};
  FigureAxis y = {};
  std::vector<FigureSeries> series = {};  // of curves and scatter
  std::string row_title = {};             // of tables and heat maps
  std::vector<FigureColumn> columns = {};
  std::vector<FigureRow> rows = {};
};

}  // namespace host::report
