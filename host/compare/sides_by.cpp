#include "compare/sides_by.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "base/error.hpp"
#include "base/json_fields.hpp"
#include "base/utf8.hpp"
#include "compare/fact_groups.hpp"
#include "compare/validity.hpp"

namespace host::compare {
namespace {

using Json = nlohmann::ordered_json;

std::string place_of(const ResultRecord& record) {
  return fmt::format("{}{}", record.file.string(), record.line == 0 ? "" : fmt::format(":{}", record.line));
}

std::string label_of(const Json& experiment) {
  auto label = base::shown_text(base::text(experiment, "point_name"));
  if (!label.empty()) return label;
  if (const auto& point = base::field(experiment, "point"); point.is_object())
    for (const auto& [name, value] : point.items())
      label += fmt::format("{}{} = {}", label.empty() ? "" : ", ", base::shown_text(name),
                           value.is_string() ? base::shown_text(value.get<std::string>()) : value.dump());
  return label.empty() ? "all" : label;
}

// A side may be anything, also a version of the host; that it was, and where, is told.
void tell_surroundings(ResultSet& results) {
  std::map<std::pair<std::string, std::string>, std::pair<const ResultRecord*, BySide>> found;  // by group and field
  for (const auto& record : results.records)
    for (const auto& [field, value] : {std::pair{"host version", host_version(record)}, {"machine", machine(record)}}) {
      auto& [first, sides] = found[{record.group, field}];
      if (first == nullptr) first = &record;
      if (!value.empty()) sides[record.side].insert(value);
    }
  for (const auto& [where, of] : found)
    if (const auto& [first, sides] = of; !alike(sides))
      results.mismatches.push_back({first->workload, "", where.second, joined(sides), where.first, first->label});
}

void by_experiment(ResultSet& results) {
  auto& records = results.records;
  std::vector<std::string> ids;
  for (auto& record : records) {
    const auto& experiment = record.metadata({"experiment"});
    record.side = base::shown_text(base::text(experiment, "side"));
    if (record.side.empty())
      throw base::usage_error(fmt::format(
          "--by side: {} is no cell of an experiment; name the folder of an experiment, or tell sides apart "
          "by another key: backend, scheduler, an option",
          place_of(record)));
    const auto id = base::text(experiment, "id");
    if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
    record.label = label_of(experiment);
    record.group = id + '\n' + record.label + '\n' + base::field(experiment, "point").dump();
  }
  if (ids.size() > 1)
    for (auto& record : records)
      record.label =
          fmt::format("{}: {}", base::shown_text(base::text(record.metadata({"experiment", "id"}))), record.label);
  const auto order = [&](const ResultRecord& record) {
    const auto& experiment = record.metadata({"experiment"});
    return std::tuple(std::ranges::find(ids, base::text(experiment, "id")) - ids.begin(),
                      base::number(experiment, "point_index").value_or(0),
                      base::number(experiment, "side_index").value_or(0));
  };
  std::ranges::stable_sort(records, {}, order);
  tell_surroundings(results);
}

}  // namespace

std::vector<std::string> parse_keys(std::string_view text) {
  std::vector<std::string> out;
  for (size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    auto key = text.substr(begin, end - begin);
    while (key.starts_with(' ')) key.remove_prefix(1);
    while (key.ends_with(' ')) key.remove_suffix(1);
    if (key.empty()) throw base::usage_error(fmt::format("--by '{}': a key is empty; as in --by scheduler,rate", text));
    if (std::ranges::find(out, key) != out.end())
      throw base::usage_error(fmt::format("--by {}: {} stands twice; give it once", text, key));
    out.emplace_back(key);
    begin = end + 1;
  }
  for (const auto* alone : {"input", "side"})
    if (out.size() > 1 && std::ranges::find(out, alone) != out.end())
      throw base::usage_error(fmt::format("--by {}: {} stands alone; leave the other keys out", text, alone));
  return out;
}

void set_sides(ResultSet& results, std::span<const std::string> keys) {
  results.mismatches.clear();
  if (keys.size() == 1 && keys[0] == "side")
    by_experiment(results);
  else
    group_by_facts(results, keys);
}

ResultSet read_sides(std::span<const std::filesystem::path> inputs, std::span<const std::string> keys) {
  const auto is = [&](std::string_view key) { return keys.size() == 1 && keys[0] == key; };
  auto results = read_results(inputs, is("input") ? Sides::by_input : Sides::by_backend);
  const bool cells = std::ranges::all_of(
      results.records, [](const ResultRecord& record) { return record.metadata({"experiment"}).is_object(); });
  if (keys.empty() && cells)
    set_sides(results, std::array{std::string("side")});
  else if (!keys.empty() && !is("input") && !is("backend"))
    set_sides(results, keys);
  return results;
}

}  // namespace host::compare
