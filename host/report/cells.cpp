#include "report/cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "base/output_file.hpp"
#include "base/quote.hpp"
#include "base/utf8.hpp"
#include "report/csv.hpp"
#include "report/sqlite.hpp"

namespace host::report {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<TableValue>;

constexpr std::array before_axes = {"experiment", "workload", "backend", "side", "point"};
constexpr std::array after_axes = {"repetition", "seed", "run_id", "status", "scope", "metric", "value", "unit"};

// Of all experiments among the results, in the order of their files.
std::vector<std::string> axes_of(const compare::ResultSet& results) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(out, name) == out.end()) out.push_back(name);
  };
  for (const auto& record : results.records) {
    for (const auto& name : base::list(record.metadata({"experiment", "axes"})))
      if (name.is_string()) add(name.get<std::string>());
    if (const auto& point = record.metadata({"experiment", "point"}); point.is_object())
      for (const auto& [name, value] : point.items()) add(name);
  }
  return out;
}

TableValue known(const std::string& text) { return text.empty() ? TableValue() : TableValue(base::shown_text(text)); }

TableValue value_of(const Json& json) {
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_number()) return std::isfinite(json.get<double>()) ? TableValue(json.get<double>()) : TableValue();
  if (json.is_string()) return base::shown_text(json.get<std::string>());
  return json.is_null() ? TableValue() : TableValue(json.dump());
}

std::string point_of(const compare::ResultRecord& record) {
  if (const auto name = base::text(record.metadata({"experiment", "point_name"})); !name.empty()) return name;
  return record.label.empty() ? base::short_hash(record.config_hash) : record.label;
}

std::string csv_text(const TableValue& value) {
  if (const auto* whole = std::get_if<int64_t>(&value)) return fmt::format("{}", *whole);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&value)) return csv_field(*text);
  return {};
}

}  // namespace

std::vector<std::string> cell_columns(const compare::ResultSet& results) {
  std::vector<std::string> out(before_axes.begin(), before_axes.end());
  std::set<std::string> taken(before_axes.begin(), before_axes.end());
  taken.insert(after_axes.begin(), after_axes.end());
  for (const auto& axis : axes_of(results)) {
    auto name = base::shown_text(axis);
    while (!taken.insert(base::to_lower(name)).second) name.insert(0, "axis_");  // SQLite's names have no case
    out.push_back(std::move(name));
  }
  out.insert(out.end(), after_axes.begin(), after_axes.end());
  return out;
}

void for_each_cell_row(const compare::ResultSet& results,
                       const std::function<void(std::span<const TableValue>)>& take) {
  const auto axes = axes_of(results);
  std::map<std::array<std::string, 4>, int64_t> counted;  // repetitions of those that do not say which they are
  for (const auto& record : results.records) {
    const auto& experiment = record.metadata({"experiment"});
    const auto point = point_of(record);
    const auto& place = record.metadata({"pair", "repetition"});
    const auto nth = ++counted[{base::text(experiment, "id"), record.workload, record.side, point}];
    Row row = {known(base::text(experiment, "id")), known(record.workload), known(record.backend), known(record.side),
               known(point)};
    for (const auto& axis : axes) row.push_back(value_of(base::field(base::field(experiment, "point"), axis)));
    row.emplace_back(place.is_number_integer() ? place.get<int64_t>() : nth);
    row.push_back(record.seed ? TableValue(*record.seed) : TableValue());
    row.push_back(known(record.run_id));
    row.push_back(known(record.status()));
    const auto fixed = row.size();
    for (const auto& metric : compare::metrics_of(record)) {
      row.resize(fixed);
      row.push_back(known(metric.scope));
      row.push_back(known(metric.name));
      row.push_back(metric.value && std::isfinite(*metric.value) ? TableValue(*metric.value) : TableValue());
      row.push_back(known(metric.unit()));
      take(row);
    }
  }
}

void write_cells_csv(const compare::ResultSet& results, const std::filesystem::path& file) {
  constexpr size_t at_once = size_t{1} << 20;  // bytes
  base::Replacement replacement(file);
  base::OutputFile out(replacement.path());
  std::string text;
  const auto add = [&](const std::string& field, bool first) { text += (first ? "" : ",") + field; };
  for (bool first = true; const auto& column : cell_columns(results)) {
    add(csv_field(column), first);
    first = false;
  }
  text += "\r\n";
  for_each_cell_row(results, [&](std::span<const TableValue> row) {
    for (size_t i = 0; i < row.size(); ++i) add(csv_text(row[i]), i == 0);
    text += "\r\n";
    if (text.size() < at_once) return;
    out.write(text);
    text.clear();
  });
  out.write(text);
  out.close();
  replacement.put_in_place();
}

void write_cells(const compare::ResultSet& results, const std::filesystem::path& folder) {
  write_cells_csv(results, folder / "cells.csv");
  write_cells_sqlite(results, folder / "results.sqlite");
}

}  // namespace host::report
