#include "archive/checklist.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "archive/checklist_questions.hpp"
#include "base/error.hpp"
#include "base/input_file.hpp"
#include "base/json_fields.hpp"
#include "base/json_text.hpp"
#include "base/utf8.hpp"

namespace host::archive {
namespace {

using base::field;
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t records_max = 10'000;  // of a search there are several
constexpr size_t values_max = 3;        // that are shown of a line
constexpr int64_t repetitions_fewest = 3;

// What all runs answered to one question.
class Line {
 public:
  Line(std::string_view topic, std::string_view statement, std::string_view place)
      : topic_(topic), statement_(statement), place_(place) {}

  void take(const Reply& reply) {
    auto& of = replies_[reply.answer];
    ++of.runs;
    ++runs_;
    if (!reply.value.empty() && std::ranges::find(of.values, reply.value) == of.values.end())
      of.values.push_back(reply.value);
  }

  [[nodiscard]] ChecklistLine line() const {
    for (const auto answer : {Answer::no, Answer::not_recorded, Answer::yes}) {
      const auto it = replies_.find(answer);
      if (it == replies_.end()) continue;
      const auto& [n, values] = it->second;
      std::string value = n == runs_ ? "" : fmt::format("{} of {} runs{}", n, runs_, values.empty() ? "" : ": ");
      for (size_t i = 0; i < std::min(values_max, values.size()); ++i) value += (i == 0 ? "" : "; ") + values[i];
      if (values.size() > values_max) value += fmt::format("; and {} others", values.size() - values_max);
      return {topic_, statement_, answer, std::move(value), place_};
    }
    return {topic_, statement_, Answer::not_recorded, "no run", place_};
  }

 private:
  struct Replies {
    size_t runs = 0;
    std::vector<std::string> values;
  };
  std::string topic_, statement_, place_;
  std::map<Answer, Replies> replies_;
  size_t runs_ = 0;
};

std::vector<Json> records_in(const fs::path& folder) {
  std::vector<Json> out;
  auto in = base::open_input(folder / "unified_results.jsonl");
  std::string line;
  for (bool too_long = false; out.size() < records_max && base::next_json_line(in, line, too_long);) {
    auto json = too_long ? Json() : base::parse_json<Json>(line);
    if (json.is_object()) out.push_back(std::move(json));
  }
  return out;
}

// What is told of several runs, and of none alone.
class Runs {
 public:
  void take(const ChecklistRun& run) {
    if (run.record.is_null()) return;
    const auto& metadata = field(run.record, "metadata");
    const auto& experiment = field(metadata, "experiment");
    auto side = base::text(experiment, "side");
    if (side.empty()) side = base::text(run.record, "backend");
    sides_.insert(side);
    const auto key = Json::array({field(run.record, "workload"), side, field(run.record, "config_hash"),
                                  field(run.record, "nodes"), field(experiment, "point")});
    auto& n = repetitions_[key.dump(-1, ' ', true, Json::error_handler_t::replace)];
    if (field(metadata, "status") == "ok") ++n;
    ordered_ = ordered_ && field(metadata, {"pair", "position"}).is_number_integer();
  }

  [[nodiscard]] ChecklistLine repetitions() const {
    ChecklistLine out{"method", "each configuration was repeated", Answer::not_recorded, "no run",
                      "unified_results.jsonl"};
    if (repetitions_.empty()) return out;
    const auto least = std::ranges::min_element(repetitions_, {}, [](const auto& each) { return each.second; })->second;
    const auto most = std::ranges::max_element(repetitions_, {}, [](const auto& each) { return each.second; })->second;
    out.answer = least >= repetitions_fewest ? Answer::yes : Answer::no;
    out.value =
        fmt::format("{} configuration{} of a side, n = {}{}", repetitions_.size(), repetitions_.size() == 1 ? "" : "s",
                    least, least == most ? "" : fmt::format(" to {}", most));
    if (out.answer == Answer::no) out.value += fmt::format("; an interval needs {}", repetitions_fewest);
    return out;
  }

  // Of one side alone there is nothing to alternate with.
  [[nodiscard]] std::optional<ChecklistLine> order() const {
    if (sides_.size() < 2) return std::nullopt;
    return ChecklistLine{"method", "sides alternate", ordered_ ? Answer::yes : Answer::not_recorded,
                         ordered_ ? "each block has every side, its place in it recorded" : "runs of no common plan",
                         "unified_results.jsonl: metadata.pair"};
  }

 private:
  std::set<std::string> sides_;
  std::map<std::string, int64_t> repetitions_;
  bool ordered_ = true;
};

// Of a plan's cells: how many there are in each state.
std::optional<ChecklistLine> planned_cells(const std::set<fs::path>& plans) {
  if (plans.empty()) return std::nullopt;
  std::map<std::string, size_t> states;
  std::string places;
  size_t n = 0;
  for (const auto& file : plans) {
    const auto plan = base::parse_json_file<Json>(file);
    for (const auto& cell : base::list(field(plan, "cells"))) {
      ++states[base::shown_text(base::text(cell, "state"))];
      ++n;
    }
    places = file.filename().string() + ": cells";
  }
  const bool complete = n > 0 && states["ok"] == n;
  std::string value = fmt::format("{} of {} planned cells are ok", states["ok"], n);
  for (const auto& [state, count] : states)
    if (state != "ok") value += fmt::format(", {} {}", count, state.empty() ? "in no state" : state);
  return ChecklistLine{"quality", "nothing that was planned is missing", complete ? Answer::yes : Answer::no,
                       std::move(value), std::move(places)};
}

// A cell lies in ROOT/cells/NAME of an experiment, in ROOT/WORKLOAD/cells/NAME of a paired run.
std::optional<fs::path> plan_of(const fs::path& run) {
  const auto cells = fs::absolute(run).lexically_normal().parent_path();
  if (cells.filename() != "cells") return std::nullopt;
  std::error_code error;
  for (const auto& folder : {cells.parent_path(), cells.parent_path().parent_path()})
    if (fs::is_regular_file(folder / "state.json", error)) return folder / "state.json";
  return std::nullopt;
}

}  // namespace

const char* to_string(Answer answer) {
  switch (answer) {
    case Answer::yes:
      return "yes";
    case Answer::no:
      return "NO";
    case Answer::not_recorded:
      break;
  }
  return "not recorded";
}

std::vector<ChecklistLine> checklist(std::span<const fs::path> runs) {
  std::vector<Line> lines;
  for (const auto& question : checklist_questions())
    lines.emplace_back(question.topic, question.statement, question.place);
  Runs together;
  std::set<fs::path> plans;
  for (const auto& folder : runs) {
    if (const auto plan = plan_of(folder)) plans.insert(*plan);
    ChecklistRun run{folder, base::parse_json_file<Json>(folder / "repro_manifest.json"), nullptr};
    auto records = records_in(folder);
    if (records.empty()) records.emplace_back(nullptr);
    for (auto& record : records) {
      run.record = std::move(record);
      together.take(run);
      for (size_t i = 0; i < lines.size(); ++i)
        if (&record == &records.front() || checklist_questions()[i].place.starts_with("unified_results"))
          lines[i].take(checklist_questions()[i].ask(run));
    }
  }
  std::vector<ChecklistLine> out;
  for (const auto& line : lines) out.push_back(line.line());
  const auto add = [&](std::optional<ChecklistLine> line) {
    if (!line) return;
    const auto last = std::ranges::find(out.rbegin(), out.rend(), line->topic, &ChecklistLine::topic);
    out.insert(last.base(), std::move(*line));
  };
  add(together.repetitions());
  add(together.order());
  add(planned_cells(plans));
  return out;
}

}  // namespace host::archive
