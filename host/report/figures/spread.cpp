// Repetitions as one value, and points as lines.
#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>
#include <numeric>

#include "report/figures/cells.hpp"

namespace host::report {
namespace {

std::optional<Spread> finite(const Spread& spread) {
  return std::isfinite(spread.middle) && std::isfinite(spread.low) && std::isfinite(spread.high) ? std::optional(spread)
                                                                                                 : std::nullopt;
}

// At most `most` of them, evenly, the first and the last among them.
template <class T>
std::vector<T> thinned(const std::vector<T>& all, size_t most) {
  if (all.size() <= most) return all;
  if (most == 1) return {all.front()};
  std::vector<T> out;
  for (size_t i = 0; i < most; ++i) out.push_back(all[i * (all.size() - 1) / (most - 1)]);
  return out;
}

}  // namespace

std::optional<Spread> spread_of(std::span<const double> values, double confidence) {
  if (values.empty()) return std::nullopt;
  const std::vector<double> ones(values.size(), 1);
  if (const auto mean = compare::paired_ratio(ones, values, confidence))
    if (const auto out = finite({mean->ratio, mean->low, mean->high, values.size(), true})) return out;
  const auto [low, high] = std::ranges::minmax(values);
  return finite({compare::median(values), low, high, values.size(), false});
}

std::optional<Spread> share_spread(std::span<const double> values, double confidence) {
  if (values.size() < 3) return spread_of(values, confidence);
  const auto n = static_cast<double>(values.size());
  const auto mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const auto value : values) squares += (value - mean) * (value - mean);
  const boost::math::students_t_distribution<double> t(n - 1);
  const auto half = boost::math::quantile(t, 0.5 + confidence / 2) * std::sqrt(squares / (n - 1) / n);
  return finite({mean, std::max(0.0, mean - half), std::min(1.0, mean + half), values.size(), true, true});
}

std::optional<Spread> ratio_spread(std::span<const double> baseline, std::span<const double> candidate,
                                   double confidence) {
  const auto n = std::min(baseline.size(), candidate.size());
  if (const auto ratio = compare::independent_ratio(baseline, candidate, confidence))
    if (const auto out = finite({ratio->ratio, ratio->low, ratio->high, n, true})) return out;
  if (n == 0 || compare::median(baseline) <= 0) return std::nullopt;
  const auto middle = compare::median(candidate) / compare::median(baseline);
  return finite({middle, middle, middle, n, false});
}

std::vector<size_t> free_axes(const Experiment& experiment, std::span<const size_t> given) {
  std::vector<size_t> out;
  for (size_t axis = 0; axis < experiment.axes.size(); ++axis) {
    if (std::ranges::find(given, axis) != given.end()) continue;
    std::map<std::vector<size_t>, size_t> decided;
    const bool free = std::ranges::any_of(experiment.points, [&](const ExperimentPoint& point) {
      std::vector<size_t> key;
      for (const auto of : given) key.push_back(point.at[of]);
      return decided.emplace(std::move(key), point.at[axis]).first->second != point.at[axis];
    });
    if (free) out.push_back(axis);
  }
  return out;
}

bool change_together(const Experiment& experiment, size_t axis, size_t other) {
  const auto decided_by = [&](size_t given, size_t of) {
    const auto free = free_axes(experiment, std::span(&given, 1));
    return std::ranges::find(free, of) == free.end();
  };
  return decided_by(axis, other) && decided_by(other, axis);
}

std::string values_text(const Experiment& experiment, const ExperimentPoint& point, std::span<const size_t> axes) {
  std::string out;
  for (const auto axis : axes)
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", experiment.axes[axis].name,
                       experiment.axes[axis].texts[point.at[axis]]);
  return out;
}

ExperimentLines lines_over(const Experiment& experiment, size_t axis) {
  const std::vector<size_t> given = {axis};
  const auto others = free_axes(experiment, given);
  std::map<std::vector<size_t>, std::vector<size_t>> groups;  // by the values of the others: the points
  for (size_t i = 0; i < experiment.points.size(); ++i) {
    std::vector<size_t> key;
    for (const auto other : others) key.push_back(experiment.points[i].at[other]);
    groups[std::move(key)].push_back(i);
  }
  std::vector<std::vector<size_t>> all;
  for (auto& [key, points] : groups) {
    std::ranges::stable_sort(points, {}, [&](size_t point) { return experiment.points[point].at[axis]; });
    all.push_back(std::move(points));
  }
  ExperimentLines out;
  std::string along;
  for (size_t other = 0; other < experiment.axes.size(); ++other)
    if (other != axis && std::ranges::find(others, other) == others.end())
      along += fmt::format("{}{}", along.empty() ? "" : ", ", experiment.axes[other].name);
  const auto sides = std::min(experiment.sides.size(), most_lines);
  const auto shown = thinned(all, std::max<size_t>(1, most_lines / std::max<size_t>(1, sides)));
  if (sides < experiment.sides.size())
    out.left_out = fmt::format("The first {} of {} sides are drawn.", sides, experiment.sides.size());
  if (shown.size() < all.size())
    out.left_out += fmt::format("{}{} of {} combinations of the other axes are drawn.", out.left_out.empty() ? "" : " ",
                                shown.size(), all.size());
  const auto most_each = most_points / std::max<size_t>(1, sides * shown.size());
  bool thin = false;
  for (size_t side = 0; side < sides; ++side)
    for (size_t group = 0; group < shown.size(); ++group) {
      const auto with = values_text(experiment, experiment.points[shown[group].front()], others);
      thin = thin || shown[group].size() > most_each;
      out.lines.push_back({side, experiment.sides[side] + (with.empty() ? "" : ", " + with),
                           shown.size() > 1 ? group : side, thinned(shown[group], most_each)});
    }
  if (thin)
    out.left_out += fmt::format("{}Of each line {} points are drawn.", out.left_out.empty() ? "" : " ", most_each);
  if (!out.left_out.empty()) out.left_out += " The table of the runs, cells.csv, has all.";
  if (!along.empty())
    out.left_out +=
        fmt::format("{}Along {} changes too: {}.", out.left_out.empty() ? "" : " ", experiment.axes[axis].name, along);
  return out;
}

}  // namespace host::report
