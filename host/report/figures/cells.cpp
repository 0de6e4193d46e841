#include "report/figures/cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/json_fields.hpp"
#include "compare/validity.hpp"
#include "metrics/definitions.hpp"

namespace host::report {
namespace {

using base::field;
using base::list;
using base::number;
using base::text;
using Json = nlohmann::ordered_json;

// A record and its place, as metadata.experiment has it.
struct Placed {
  const compare::ResultRecord* record;
  const Json* place;
};

// A point as the records name it. Any of it may be missing or broken: records are files.
struct NamedPoint {
  double index = 0;
  std::string name;
  std::vector<std::pair<std::string, const Json*>> values;  // by axis, as the file has them
};

std::string json_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

double index_of(const Json& place, std::string_view key) {
  return number(place, key).value_or(std::numeric_limits<double>::max());
}

// By axis, in the order of the file, which `axes` has.
std::vector<std::pair<std::string, const Json*>> values_of(const Json& place) {
  std::vector<std::pair<std::string, const Json*>> out;
  const auto& values = field(place, "point");
  if (!values.is_object()) return out;
  for (const auto& axis : list(field(place, "axes")))
    if (const auto& value = field(values, text(axis)); !value.is_null()) out.emplace_back(text(axis), &value);
  for (const auto& [name, value] : values.items())
    if (std::ranges::find(out, name, [](const auto& of) { return of.first; }) == out.end())
      out.emplace_back(name, &value);
  return out;
}

std::string point_key(const Json& place) {
  return fmt::format("{}\n{}\n{}", index_of(place, "point_index"), text(place, "point_name"),
                     json_text(field(place, "point")));
}

std::vector<std::string> sides_of(const std::vector<Placed>& placed) {
  std::map<std::string, double> index;
  std::vector<std::string> out;
  for (const auto& [record, place] : placed) {
    auto name = text(*place, "side");
    if (index.emplace(name, index_of(*place, "side_index")).second) out.push_back(std::move(name));
  }
  std::ranges::stable_sort(out, {}, [&](const std::string& side) { return index.at(side); });
  return out;
}

// What is left of "small, rate = 20" without the values of the axes: the name that a point of a list has.
std::string own_name(const NamedPoint& point, const std::vector<ExperimentAxis>& axes) {
  std::string out;
  for (std::string_view rest = point.name; !rest.empty();) {
    const auto part = rest.substr(0, rest.find(", "));
    rest.remove_prefix(std::min(rest.size(), part.size() + 2));
    const bool value = std::ranges::any_of(axes, [&](const auto& axis) { return part.starts_with(axis.name + " = "); });
    if (!value) out += fmt::format("{}{}", out.empty() ? "" : ", ", part);
  }
  return out;
}

// The axis with its values, and for each point which of them it has.
std::vector<size_t> fill(ExperimentAxis& axis, const std::vector<const Json*>& values) {
  std::map<std::string, double> numbers;
  for (const auto* value : values) {
    auto shown = value == nullptr ? std::string("n/a") : json_text(*value);
    axis.numeric = axis.numeric && value != nullptr && number(*value);
    if (numbers.emplace(shown, value == nullptr ? 0 : number(*value).value_or(0)).second)
      axis.texts.push_back(std::move(shown));
  }
  if (axis.numeric) {
    std::ranges::stable_sort(axis.texts, {}, [&](const std::string& shown) { return numbers.at(shown); });
    for (const auto& shown : axis.texts) axis.numbers.push_back(numbers.at(shown));
  }
  std::map<std::string, size_t> at;
  for (size_t i = 0; i < axis.texts.size(); ++i) at.emplace(axis.texts[i], i);
  std::vector<size_t> out;
  out.reserve(values.size());
  for (const auto* value : values) out.push_back(at.at(value == nullptr ? "n/a" : json_text(*value)));
  return out;
}

void add_axes(Experiment& out, const std::vector<NamedPoint>& points) {
  constexpr size_t most_axes = 16;
  std::vector<std::string> names;
  for (const auto& point : points)
    for (const auto& [name, value] : point.values)
      if (names.size() < most_axes && std::ranges::find(names, name) == names.end()) names.push_back(name);
  std::vector<std::vector<size_t>> at;
  const auto add = [&](const std::string& name, const std::vector<const Json*>& values) {
    ExperimentAxis axis;
    axis.name = name;
    at.push_back(fill(axis, values));
    out.axes.push_back(std::move(axis));
  };
  for (const auto& name : names) {
    std::vector<const Json*> values;
    for (const auto& point : points) {
      const auto it = std::ranges::find(point.values, name, [](const auto& value) { return value.first; });
      values.push_back(it == point.values.end() ? nullptr : it->second);
    }
    add(name, values);
  }
  std::set<std::vector<size_t>> places;
  for (size_t i = 0; i < points.size(); ++i) {
    std::vector<size_t> place;
    for (const auto& of_axis : at) place.push_back(of_axis[i]);
    places.insert(std::move(place));
  }
  if (places.size() < points.size()) {  // points of a list, told apart by their names alone
    std::vector<Json> own;
    for (const auto& point : points) own.emplace_back(own_name(point, out.axes));
    std::vector<const Json*> values;
    for (const auto& name : own) values.push_back(&name);
    add("point", values);
  }
  for (size_t axis = out.axes.size(); axis-- > 0;)
    if (out.axes[axis].texts.size() < 2) {
      out.axes.erase(out.axes.begin() + static_cast<std::ptrdiff_t>(axis));
      at.erase(at.begin() + static_cast<std::ptrdiff_t>(axis));
    }
  for (size_t i = 0; i < points.size(); ++i) {
    ExperimentPoint point{.name = points[i].name, .at = {}};
    for (const auto& of_axis : at) point.at.push_back(of_axis[i]);
    out.points.push_back(std::move(point));
  }
}

// Takes the record's values to those that may be used, or to the doubtful ones.
void take(ExperimentCell& cell, std::map<std::string, std::vector<double>, std::less<>>& doubtful,
          const compare::ResultRecord& record) {
  ++cell.runs;
  const bool usable = compare::usable(record);
  const bool invalid = !usable && record.status() == "invalid";
  cell.invalid += invalid ? 1U : 0U;
  cell.failed += !usable && !invalid ? 1U : 0U;
  if (!usable && !invalid) return;
  cell.driver_limited += compare::limited_by_driver(record) ? 1U : 0U;
  if (usable) cell.usable.push_back(&record);
  const auto measured = compare::metrics_of(record);
  for (const auto* name : figure_metrics)
    if (const auto* found = records::find(measured, "total", name); found != nullptr && found->value)
      (usable ? cell.values : doubtful)[name].push_back(*found->value);
}

Experiment experiment_of(const std::string& id, const std::vector<Placed>& placed,
                         const compare::Comparison& settings) {
  Experiment out;
  out.id = id;
  out.title = text(*placed.front().place, "title");
  out.confidence = settings.confidence;
  out.margin = settings.margin;
  out.sides = sides_of(placed);
  std::map<std::string, NamedPoint> named;  // by key
  for (const auto& [record, place] : placed) {
    NamedPoint point{.index = index_of(*place, "point_index"), .name = text(*place, "point_name"), .values = {}};
    point.values = values_of(*place);
    named.emplace(point_key(*place), std::move(point));
  }
  std::vector<std::string> keys;
  std::vector<NamedPoint> points;
  for (const auto& [key, point] : named) keys.push_back(key);
  std::ranges::stable_sort(keys, {}, [&](const std::string& key) { return named.at(key).index; });
  std::map<std::string, size_t> at;
  for (const auto& key : keys) {
    at.emplace(key, points.size());
    points.push_back(named.at(key));
  }
  add_axes(out, points);
  std::map<std::pair<size_t, size_t>, std::map<std::string, std::vector<double>, std::less<>>> doubtful;
  for (const auto& [record, place] : placed) {
    const auto side = static_cast<size_t>(std::ranges::find(out.sides, text(*place, "side")) - out.sides.begin());
    const std::pair where{side, at.at(point_key(*place))};
    take(out.cells[where], doubtful[where], *record);
    if (auto clock = text(record->metadata({"clock"})); !clock.empty()) out.clocks.insert(std::move(clock));
    if (auto seeds = text(*place, "seeds"); !seeds.empty()) out.seeds.insert(std::move(seeds));
  }
  for (auto& [where, cell] : out.cells) {
    if (cell.usable.empty()) cell.values = std::move(doubtful[where]);
    for (const auto& [name, values] : cell.values) {
      const auto* definition = metrics::find_metric(name);
      const bool share = definition != nullptr && definition->unit == "0..1";
      const auto spread = share ? share_spread(values, out.confidence) : spread_of(values, out.confidence);
      if (spread) cell.spreads.emplace(name, *spread);
    }
  }
  return out;
}

}  // namespace

std::string_view ExperimentAxis::option() const {
  const std::string_view all = name;
  const auto dot = all.rfind('.');
  return dot == std::string_view::npos ? all : all.substr(dot + 1);
}

const Spread* ExperimentCell::spread(std::string_view metric) const {
  const auto it = spreads.find(metric);
  return it == spreads.end() ? nullptr : &it->second;
}

std::string ExperimentCell::note() const {
  auto out = fmt::format("n = {}", usable.empty() ? invalid : usable.size());
  if (invalid > 0) out += fmt::format(", {} of {} runs INVALID", invalid, runs);
  if (failed > 0) out += fmt::format(", {} of {} runs failed", failed, runs);
  if (driver_limited > 0) out += ", limited by its driver";
  return out;
}

const ExperimentCell* Experiment::cell(size_t side, size_t point) const {
  const auto it = cells.find({side, point});
  return it == cells.end() ? nullptr : &it->second;
}

bool Experiment::has(std::string_view metric) const {
  return std::ranges::any_of(cells, [&](const auto& cell) { return cell.second.spread(metric) != nullptr; });
}

std::vector<Experiment> experiments_of(const compare::Comparison& comparison) {
  std::vector<std::pair<std::string, std::vector<Placed>>> found;
  for (const auto& config : comparison.configs)
    for (const auto& side : config.sides)
      for (const auto* run : side.repetitions) {
        const auto& place = run->metadata({"experiment"});
        if (!place.is_object()) continue;
        const auto id = text(place, "id");
        auto known = std::ranges::find(found, id, [](const auto& each) { return each.first; });
        if (known == found.end()) known = found.insert(found.end(), {id, {}});
        known->second.push_back({run, &place});
      }
  std::vector<Experiment> out;
  for (const auto& [id, placed] : found) out.push_back(experiment_of(id, placed, comparison));
  return out;
}

}  // namespace host::report
