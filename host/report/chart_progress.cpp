// Throughput and latency over time, with what struck the service and when.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json_fields.hpp"
#include "report/chart.hpp"

namespace host::report {
namespace {

using base::field;
using base::number;
using base::text;
using Json = nlohmann::ordered_json;

constexpr size_t most_marks = 60;

// Repetitions differ in when things happen, so one is shown: the first that has intervals.
const RunData* shown(const SideData& side) {
  const auto it = std::ranges::find_if(side.runs, [](const auto& run) { return !run.intervals.empty(); });
  return it == side.runs.end() ? nullptr : &*it;
}

// The highest percentile that most intervals of every side have samples for.
const char* percentile_of(const std::vector<SideData>& sides) {
  for (const auto* name : metrics::tail_latencies) {
    const bool all = std::ranges::all_of(sides, [&](const auto& side) {
      const auto* run = shown(side);
      if (run == nullptr) return true;
      const auto with = std::ranges::count_if(run->intervals, [&](const auto& i) { return number(i, name) > 0; });
      return with * 2 >= static_cast<std::ptrdiff_t>(run->intervals.size());
    });
    if (all) return name;
  }
  return "latency_max";
}

std::optional<double> throughput(const Json& interval) {
  const auto begin = number(interval, "begin_s");
  const auto end = number(interval, "end_s");
  const auto ok = number(field(interval, "outcomes"), "ok");
  if (!begin || !end || !ok || *end <= *begin) return {};
  return *ok / (*end - *begin);
}

std::optional<double> offered(const Json& interval) {
  const auto begin = number(interval, "begin_s");
  const auto end = number(interval, "end_s");
  const auto due = number(interval, "offered");
  if (!begin || !end || !due || *end <= *begin) return {};
  return *due / (*end - *begin);
}

// A point in the middle of each interval; null breaks the line.
template <class Value>
Json points(const RunData& run, Value&& value_of) {
  auto out = Json::array();
  for (const auto& interval : run.intervals) {
    const auto begin = number(interval, "begin_s");
    const auto end = number(interval, "end_s");
    if (!begin || !end || field(interval, "warmup") == true) continue;
    const std::optional<double> value = value_of(interval);
    out.push_back({rounded((*begin + *end) / 2), value ? Json(rounded(*value)) : Json(nullptr)});
  }
  return out;
}

Json marks(const std::vector<SideData>& sides) {
  auto out = Json::array();
  for (const auto& side : sides) {
    const auto* run = shown(side);
    if (run == nullptr || run->events.empty()) continue;
    for (const auto& event : run->events) {
      const auto at = number(event, "issued_s") ? number(event, "issued_s") : number(event, "due_s");
      if (!at || out.size() == most_marks) continue;
      const auto kind = text(event, "kind");
      const auto target = text(event, "target");
      const auto status = text(event, "status");
      out.push_back({{"x", rounded(*at)},
                     {"kind", kind},
                     {"text", (kind == "mark" ? target : fmt::format("{} {}", kind, target)) +
                                  (status == "done" || kind == "mark" ? "" : fmt::format(" ({})", status))}});
    }
    break;  // the schedule of events is the same on every side
  }
  return out;
}

std::string caption(const std::vector<SideData>& sides, const Json& events) {
  std::string out = "One repetition of each side, the first that is ok; from the intervals of records.jsonl";
  size_t merged = 1;
  for (const auto& side : sides)
    if (const auto* run = shown(side))
      for (const auto& interval : run->intervals)
        merged = std::max(merged, static_cast<size_t>(number(interval, "merged").value_or(1)));
  if (merged > 1)
    out += fmt::format(
        ". Up to {} intervals are merged in a point: counts are added, of percentiles the worst is shown", merged);
  if (!events.empty()) out += ". Vertical lines: control events as issued, faults solid, heals dashed, others dotted";
  return out + ".";
}

}  // namespace

std::vector<Chart> progress_charts(const std::vector<SideData>& sides) {
  const std::string percentile = percentile_of(sides);
  auto rates = Json::array();
  auto latencies = Json::array();
  bool any_latency = false;
  for (const auto& side : sides) {
    const auto* run = shown(side);
    if (run == nullptr || run->intervals.size() < 2) continue;
    if (rates.empty()) rates.push_back({{"name", "offered"}, {"color", "muted"}, {"points", points(*run, offered)}});
    rates.push_back({{"name", side.side}, {"color", side.color}, {"points", points(*run, throughput)}});
    auto line = points(*run, [&](const Json& interval) { return number(interval, percentile); });
    any_latency |= std::ranges::any_of(line, [](const auto& point) { return point[1].is_number(); });
    latencies.push_back({{"name", side.side}, {"color", side.color}, {"points", std::move(line)}});
  }
  std::vector<Chart> out;
  if (rates.empty()) return out;
  const auto events = marks(sides);
  const auto about = caption(sides, events);
  out.push_back({"Throughput over time",
                 "Ok requests that ended in an interval, 1/s. " + about,
                 {{"kind", "line"},
                  {"x", {{"title", "time since the start (s)"}, {"scale", "linear"}}},
                  {"y", {{"title", "requests (1/s)"}, {"scale", "linear"}, {"min", 0}}},
                  {"series", std::move(rates)},
                  {"marks", events}},
                 true});
  if (any_latency)
    out.push_back({fmt::format("Latency over time: {}", percentile.substr(8)),
                   fmt::format("{} of the ok requests that ended in an interval, ms{}. {}", percentile,
                               percentile == "latency_p99" ? "" : ", since intervals are too short for a p99", about),
                   {{"kind", "line"},
                    {"x", {{"title", "time since the start (s)"}, {"scale", "linear"}}},
                    {"y", {{"title", percentile.substr(8) + " (ms)"}, {"scale", "log"}}},
                    {"series", std::move(latencies)},
                    {"marks", events}},
                   true});
  return out;
}

}  // namespace host::report
