// A sample of requests as waterfalls: where each spent its time.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/json_fields.hpp"
#include "report/chart.hpp"

namespace host::report {
namespace {

using base::field;
using base::list;
using base::number;
using base::text;
using Json = nlohmann::ordered_json;

constexpr size_t most_rows = 24;
constexpr size_t most_stages = 12;

// Of the sample at even distances by latency, the slowest first: the tail is what one looks for.
std::vector<const Json*> rows_of(const RunData& run) {
  std::vector<const Json*> ended;
  for (const auto& request : run.timeline)
    if (number(request, "due_s") && number(request, "done_s")) ended.push_back(&request);
  const auto latency = [](const Json* r) { return *number(*r, "done_s") - *number(*r, "due_s"); };
  std::ranges::stable_sort(ended, std::greater(), latency);
  if (ended.size() <= most_rows) return ended;
  std::vector<const Json*> out;
  for (size_t i = 0; i < most_rows; ++i) out.push_back(ended[i * (ended.size() - 1) / (most_rows - 1)]);
  return out;
}

class Waterfall {
 public:
  void add(const Json& request) {
    const auto row = labels_.size();
    const auto due = *number(request, "due_s");
    const auto seq = number(request, "seq");
    auto label = seq ? fmt::format("{:.0f}", *seq) : std::string("?");
    if (const auto name = text(request, "class"); !name.empty()) label += " " + name;
    if (const auto outcome = text(request, "outcome"); outcome != "ok") label += " (" + outcome + ")";
    labels_.push_back(label);
    const auto sent = number(request, "sent_s").value_or(due);
    span("dispatch", row, 0, sent - due);
    const auto done = *number(request, "done_s");
    double end = sent;  // of the latest step so far
    for (const auto& step : list(field(request, "steps"))) {
      const auto from = number(step, "begin_s");
      const auto to = number(step, "end_s");
      if (!from || !to) continue;
      if (*from > end) span("wait", row, end - due, *from - due);
      span(text(step, "stage"), row, *from - due, *to - due);
      end = std::max(end, *to);
    }
    if (done > end) span(end == sent ? "in the backend" : "return", row, end - due, done - due);
  }

  [[nodiscard]] Json labels() const { return labels_; }

  // Waiting is grey; stages have colours of their own, in order of their appearance.
  [[nodiscard]] Json series() const {
    auto out = Json::array();
    size_t color = 0;
    for (const auto& name : order_) {
      const bool waits = name == "dispatch" || name == "wait" || name == "return" || name == "in the backend";
      out.push_back({{"name", name}, {"points", spans_.at(name)}});
      if (waits)
        out.back()["color"] = name == "wait" ? "faint" : "muted";
      else
        out.back()["color"] = color++;
    }
    return out;
  }

 private:
  void span(const std::string& stage, size_t row, double from_s, double to_s) {
    if (to_s <= from_s) return;
    auto name = stage;
    if (!spans_.contains(name)) {
      if (order_.size() == most_stages) name = "other stages";
      if (!spans_.contains(name)) {
        spans_[name] = Json::array();
        order_.push_back(name);
      }
    }
    spans_[name].push_back({rounded(from_s * 1e3), rounded(to_s * 1e3), row});
  }

  std::vector<std::string> labels_;
  std::vector<std::string> order_;
  std::map<std::string, Json> spans_;
};

}  // namespace

std::vector<Chart> request_charts(const std::vector<SideData>& sides) {
  constexpr size_t most_sides = 4;
  std::vector<Chart> out;
  for (const auto& side : sides) {
    const auto run = std::ranges::find_if(side.runs, [](const auto& r) { return !rows_of(r).empty(); });
    if (run == side.runs.end() || out.size() == most_sides) continue;
    Waterfall waterfall;
    const auto rows = rows_of(*run);
    for (const auto* request : rows) waterfall.add(*request);
    out.push_back(
        {fmt::format("Requests on {}", side.side),
         fmt::format("{} of {} sampled requests of one run, evenly from the slowest to the fastest: number in "
                     "the schedule and class. From the timeline of records.jsonl.",
                     rows.size(), run->timeline.size()),
         {{"kind", "spans"},
          {"labels", waterfall.labels()},
          {"x", {{"title", "time since due (ms)"}, {"scale", "linear"}, {"min", 0}}},
          {"y", {{"scale", "category"}}},
          {"series", waterfall.series()}}});
  }
  return out;
}

}  // namespace host::report
