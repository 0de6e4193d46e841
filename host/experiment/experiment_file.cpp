#include "experiment/experiment_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "base/quote.hpp"
#include "catalog/toml_section.hpp"
#include "cell/settings.hpp"

namespace host::experiment {
namespace {

using catalog::TomlSection;

constexpr uint32_t repeat_most = 100'000;

// In a folder's name, a table's column and a command line.
void check_name(const TomlSection& section, const std::string& name, const char* what) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; };
  if (name.empty() || name.size() > 64 || name[0] == '.' || !std::ranges::all_of(name, plain))
    throw section.error("name", fmt::format("the name {} of a {} must be up to 64 letters, digits, '-', '_' and '.'",
                                            base::in_quotes(name), what));
}

nlohmann::json json_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* truth = node.as_boolean()) return truth->get();
  return nullptr;
}

// Calls `take` with the key and value of each option; `q2.rate` without quotes is a table in a table.
template <class Take>
void each_option(const toml::table& table, const std::string& prefix, const Take& take) {
  for (const auto& [key, value] : catalog::in_order(table)) {
    const auto name = prefix.empty() ? std::string(key->str()) : fmt::format("{}.{}", prefix, key->str());
    if (const auto* inner = value->as_table())
      each_option(*inner, name, take);
    else
      take(name, *key, *value);
  }
}

OptionEntry option_entry(const TomlSection& section, const std::string& name, const toml::source_region& at,
                         const toml::node& value) {
  const auto source =
      fmt::format("{}: {}", catalog::position(base::one_line(section.file()), at), base::one_line(name));
  return {name, cell::given_of(name, catalog::option_text(value, source), source), json_of(value)};
}

std::vector<OptionEntry> read_options(const TomlSection& section, std::string_view key) {
  std::vector<OptionEntry> out;
  if (const auto options = section.section(key))
    each_option(options->table(), "", [&](const std::string& name, const toml::key& at, const toml::node& value) {
      out.push_back(option_entry(section, name, at.source(), value));
    });
  return out;
}

// Each of `over` in the place of what has its name in `options`.
void put_over(std::vector<OptionEntry>& options, std::vector<OptionEntry> over) {
  for (auto& entry : over) {
    const auto old = std::ranges::find(options, entry.key, &OptionEntry::key);
    if (old == options.end())
      options.push_back(std::move(entry));
    else
      *old = std::move(entry);
  }
}

std::vector<Axis> read_axes(const TomlSection& section) {
  std::vector<Axis> out;
  const auto axes = section.section("axis");
  if (!axes) return out;
  each_option(axes->table(), "", [&](const std::string& name, const toml::key& key, const toml::node& value) {
    const auto where = catalog::position(base::one_line(section.file()), key.source());
    const auto* list = value.as_array();
    if (list == nullptr || list->empty())
      throw base::usage_error(fmt::format("{}: axis {} takes a list of values, as in [10, 20, 40]{}", where,
                                          base::in_quotes(name), list == nullptr ? "" : "; this one is empty"));
    Axis axis{name, {}, where};
    for (const auto& each : *list) {
      auto entry = option_entry(section, name, each.source(), each);
      if (std::ranges::find(axis.values, entry.value, &OptionEntry::value) != axis.values.end())
        throw base::usage_error(fmt::format("{}: {} stands there twice; repetitions are made by repeat",
                                            entry.given.source, entry.value.dump()));
      axis.values.push_back(std::move(entry));
    }
    out.push_back(std::move(axis));
  });
  return out;
}

// The tables of an [[array]].
std::vector<TomlSection> tables(const TomlSection& section, const char* key) {
  std::vector<TomlSection> out;
  const auto* node = section.table().get(key);
  if (node == nullptr) return out;
  const auto* list = node->as_array();
  if (list == nullptr || !list->is_homogeneous(toml::node_type::table))
    throw section.error(key, fmt::format("write each {0} as a table of its own, [[{0}]]", key));
  for (const auto& each : *list) out.emplace_back(*each.as_table(), section.file(), key);
  return out;
}

template <class Entry>
void refuse_twice(const std::vector<Entry>& entries, const std::string& name, const TomlSection& section) {
  if (std::ranges::find(entries, name, &Entry::name) != entries.end())
    throw section.error("name",
                        fmt::format("{} is the name of another one too; give each its own", base::in_quotes(name)));
}

std::vector<PointEntry> read_points(const TomlSection& section) {
  std::vector<PointEntry> out;
  for (const auto& each : tables(section, "point")) {
    each.allow_only({"name", "options"});
    PointEntry point{each.required_text("name"), read_options(each, "options")};
    check_name(each, point.name, "point");
    refuse_twice(out, point.name, each);
    out.push_back(std::move(point));
  }
  return out;
}

std::vector<SideEntry> read_sides(const TomlSection& section) {
  std::vector<SideEntry> out;
  for (const auto& each : tables(section, "side")) {
    each.allow_only({"name", "backend", "plugin_path", "options"});
    SideEntry side{.name = each.required_text("name"),
                   .backend = each.text("backend").value_or(""),
                   .plugin_path = each.text("plugin_path").value_or(""),
                   .options = read_options(each, "options"),
                   .where = each.where("name")};
    check_name(each, side.name, "side");
    refuse_twice(out, side.name, each);
    out.push_back(std::move(side));
  }
  return out;
}

uint32_t read_count(const TomlSection& section, const char* key, uint32_t otherwise, int64_t least = 1) {
  const auto value = section.integer(key);
  if (!value) return otherwise;
  if (*value < least || *value > repeat_most)
    throw section.error(key, fmt::format("{} is {}; give a number from {} to {}", key, *value, least, repeat_most));
  return static_cast<uint32_t>(*value);
}

double read_number(const TomlSection& section, const char* key, double otherwise, double least, double most) {
  const auto value = section.number(key).value_or(otherwise);
  if (!(value >= least && value <= most))
    throw section.error(key, fmt::format("{} is {}; give a number from {} to {}", key, value, least, most));
  return value;
}

double read_time(const TomlSection& section, const char* key) {
  const auto* node = section.table().get(key);
  if (node == nullptr) return 0;
  const auto source = fmt::format("{}: {}", section.where(key), key);
  return read_duration_s(catalog::option_text(*node, source), source);
}

std::optional<SearchEntry> read_search_entry(const TomlSection& section) {
  const auto search = section.section("search");
  if (!search) return std::nullopt;
  search->allow_only({"maximise", "subject_to", "repeat", "tolerance"});
  SearchEntry out;
  out.where = section.where("search");
  out.maximise = search->text("maximise").value_or(out.maximise);
  out.subject_to = search->text("subject_to").value_or(out.subject_to);
  out.repeat = read_count(*search, "repeat", out.repeat);
  out.tolerance = read_number(*search, "tolerance", out.tolerance, 0.001, 1);
  if (out.maximise != "rate" && out.maximise != "concurrency")
    throw search->error("maximise", fmt::format("{} cannot be searched for; there are rate and concurrency",
                                                base::in_quotes(out.maximise)));
  return out;
}

void read_comparison(const TomlSection& root, ExperimentFile& out) {
  if (const auto how = root.section("compare")) {
    how->allow_only({"baseline", "margin"});
    out.baseline = how->text("baseline").value_or("");
    out.margin = how->text("margin").value_or(out.margin);
    (void)catalog::parse_share(how->where("margin") + ": margin", out.margin, 0, 1);
    if (!out.baseline.empty() && std::ranges::find(out.sides, out.baseline, &SideEntry::name) == out.sides.end())
      throw how->error("baseline", fmt::format("no side is called {}", base::in_quotes(out.baseline)));
  }
  if (const auto gate = root.section("gate")) {
    gate->allow_only({"conditions", "lenient"});
    out.gate = gate->required_text("conditions");
    out.gate_lenient = gate->truth("lenient").value_or(false);
  }
}

// An option has one value at a point and side, so only one part of the file may set it.
void refuse_set_twice(const ExperimentFile& file) {
  std::vector<std::pair<const catalog::Given*, std::string>> known;
  const auto add = [&](const OptionEntry& entry, const std::string& by) {
    for (const auto& [given, other] : known)
      if (given->name == entry.given.name && other != by && (given->owner == entry.given.owner))
        throw base::usage_error(
            fmt::format("{}: it is set by {} too; leave one of them out", entry.given.source, other));
    known.emplace_back(&entry.given, by);
  };
  for (const auto& axis : file.axes) add(axis.values[0], "axis " + axis.key);
  for (const auto& point : file.points)
    for (const auto& entry : point.options) add(entry, "[[point]]");
  for (const auto& side : file.sides)
    for (const auto& entry : side.options) add(entry, "[[side]]");
  if (file.search)
    for (const auto& [given, by] : known)
      if (given->name == file.search->maximise)
        throw base::usage_error(
            fmt::format("{}: [search] looks for it, so {} cannot set it; leave one of them out", given->source, by));
}

void read_quick(const TomlSection& root, ExperimentFile& out) {
  const auto quick = root.section("quick");
  if (!quick) return;
  quick->allow_only({"repeat", "cooldown", "options", "axis", "point", "search"});
  out.repeat = read_count(*quick, "repeat", out.repeat);
  out.cooldown_s = read_number(*quick, "cooldown", 0.2, 0, 3600);
  put_over(out.options, read_options(*quick, "options"));
  for (auto& axis : read_axes(*quick)) {
    const auto old = std::ranges::find(out.axes, axis.key, &Axis::key);
    if (old == out.axes.end())
      throw base::usage_error(
          fmt::format("{}: [quick] shortens axes, and there is no axis {}", axis.where, base::in_quotes(axis.key)));
    *old = std::move(axis);
  }
  if (auto points = read_points(*quick); !points.empty()) out.points = std::move(points);
  if (auto search = read_search_entry(*quick)) {
    if (!out.search) throw quick->error("search", "the experiment has no [search]");
    out.search->repeat = search->repeat;
    out.search->tolerance = search->tolerance;
  }
}

}  // namespace

double read_duration_s(std::string_view text, const std::string& source) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  const double factor = unit.empty() || unit == "s" ? 1 : unit == "m" || unit == "min" ? 60 : unit == "h" ? 3600 : 0;
  if (error != std::errc() || factor == 0 || !std::isfinite(value) || value <= 0 || value * factor > 3.2e7)
    throw base::usage_error(
        fmt::format("{} is {}; give a time as in \"90s\", \"30m\" or \"2h\"", source, base::in_quotes(text)));
  return value * factor;
}

ExperimentFile read_experiment_file(std::string_view text, const std::string& file, bool quick) {
  const auto table = catalog::parse_toml(text, file);
  const TomlSection root(table, file);
  root.allow_only({"schema",     "title", "question", "reading", "workload", "backend", "repeat",
                   "repeat_max", "until", "time_max", "seeds",   "cooldown", "options", "side",
                   "axis",       "point", "search",   "compare", "gate",     "quick"});
  if (const auto schema = root.integer("schema"); schema != 1)
    throw root.error("schema", schema ? fmt::format("schema {} is of another version; this one reads 1", *schema)
                                      : std::string("the first line of an experiment is schema = 1"));
  ExperimentFile out;
  out.title = root.required_text("title");
  out.question = root.text("question").value_or("");
  out.reading = root.text("reading").value_or("");
  out.workload = root.required_text("workload");
  out.backend = root.text("backend").value_or("");
  out.repeat = read_count(root, "repeat", out.repeat);
  out.until = root.text("until").value_or("");
  out.repeat_max = read_count(root, "repeat_max", std::max(out.repeat_max, out.repeat));
  out.time_max_s = read_time(root, "time_max");
  out.cooldown_s = read_number(root, "cooldown", out.cooldown_s, 0, 3600);
  const auto seeds = root.text("seeds").value_or("one");
  if (seeds != "one" && seeds != "per-block")
    throw root.error("seeds", "seeds is \"one\", the same for all blocks, or \"per-block\"");
  out.seed_per_block = seeds == "per-block";
  out.options = read_options(root, "options");
  out.sides = read_sides(root);
  if (out.sides.empty())
    throw root.error("side", "what is compared is missing; add a [[side]] with name = \"...\" for each");
  out.axes = read_axes(root);
  out.points = read_points(root);
  out.search = read_search_entry(root);
  read_comparison(root, out);
  if (!out.until.empty() && out.repeat < 3)
    throw root.error("until",
                     fmt::format("a width is judged from 3 repetitions or more, and repeat is {}", out.repeat));
  if (!out.until.empty() && out.repeat_max < out.repeat)
    throw root.error("repeat_max", fmt::format("it is below repeat, {}; the first stage has as many", out.repeat));
  if (out.until.empty() && table.contains("repeat_max"))
    throw root.error("repeat_max", "it bounds what until asks for, which is not there; leave it out, or add until");
  if (quick) {
    out.until.clear();  // what a smoke run measures has no width worth waiting for
    read_quick(root, out);
  }
  refuse_set_twice(out);
  return out;
}

}  // namespace host::experiment
