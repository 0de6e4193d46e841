// The repetitions of one configuration: outcomes, events, and what the harness itself cost.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/json_fields.hpp"
#include "base/number_text.hpp"
#include "compare/validity.hpp"
#include "report/escape.hpp"
#include "report/html/parts.hpp"
#include "report/html/table.hpp"

namespace host::report {
namespace {

using base::field;
using base::list;
using base::number;
using base::text;
using Json = nlohmann::ordered_json;

std::string reasons_of(const compare::ResultRecord& run) {
  std::vector<std::string> all;
  for (const auto& reason : list(run.metadata({"reasons"})))
    if (reason.is_string()) all.push_back(reason.get<std::string>());
  // Of a run that died.
  if (const auto reason = text(run.metadata({"reason"})); !reason.empty()) all.push_back(reason);
  if (const auto signal = text(run.metadata({"signal"})); !signal.empty()) all.push_back(signal);
  if (const auto place = text(run.metadata({"place"})); !place.empty()) all.push_back("in " + place);
  return fmt::format("{}", fmt::join(all, "; "));
}

std::string outcomes_of(const compare::ResultRecord& run) {
  std::string out;
  const auto& outcomes = run.metadata({"metrics", "total", "outcomes"});
  if (!outcomes.is_object()) return "n/a";
  for (const auto& [name, count] : outcomes.items())
    if (const auto n = number(count); n && (*n > 0 || name == "ok"))
      out += fmt::format("{}{:.0f} {}", out.empty() ? "" : ", ", *n, name);
  constexpr std::pair<const char*, const char*> told[] = {{"lost", "lost"},
                                                          {"wrong", "wrong"},
                                                          {"duplicated", "duplicated"},
                                                          {"unexpected", "unexpected"},
                                                          {"bad_stamps", "bad time stamps"},
                                                          {"bad_spans", "bad spans"}};
  for (const auto& [name, text] : told)
    if (const auto n = number(run.metadata({"metrics", "total"}), name); n > 0)
      out += fmt::format(", {:.0f} {}", *n, text);
  if (const auto& failures = list(run.metadata({"failures"})); !failures.empty())
    out += fmt::format("; {:.0f} times: {}", number(failures.front(), "count").value_or(0),
                       text(failures.front(), "text"));
  return out;
}

TableCell status_cell(const compare::ResultRecord& run) {
  const auto status = run.status();
  if (compare::usable(run) && compare::limited_by_driver(run))
    return {escape_html(status) + " <span class=\"tag\">limited by its driver</span>", {}, {}};
  if (compare::usable(run)) return words(status);
  const auto reasons = reasons_of(run);
  return {
      fmt::format("<strong>{}</strong>{}{}", escape_html(status), reasons.empty() ? "" : ": ", escape_html(reasons)),
      {},
      {}};
}

std::string noise_of(const compare::ResultRecord& run) {
  const auto& noisy = run.metadata({"noise", "noisy"});
  if (!noisy.is_boolean()) return "n/a";
  return noisy.get<bool>() ? "noisy" : "quiet";
}

// Numbers of an object and of the objects in it, by path: "timer.clock_read_ns".
void flatten(const Json& object, const std::string& path, std::vector<std::pair<std::string, double>>& out) {
  if (!object.is_object()) return;
  for (const auto& [key, value] : object.items()) {
    const auto at = path.empty() ? key : fmt::format("{}.{}", path, key);
    if (const auto x = number(value))
      out.emplace_back(at, *x);
    else
      flatten(value, at, out);
  }
}

std::vector<std::pair<std::string, double>> overheads_of(const compare::ResultRecord& run) {
  std::vector<std::pair<std::string, double>> out;
  flatten(run.metadata({"lateness"}), "generator lateness", out);
  for (const auto* key : {"blocked_seconds", "open_seconds", "drain_seconds", "settle_dropped"})
    if (const auto x = number(run.metadata({key}))) out.emplace_back(key, *x);
  flatten(run.metadata({"notes"}), "", out);
  flatten(run.metadata({"harness_share"}), "harness_share", out);
  flatten(run.metadata({"noise"}), "noise", out);
  for (const auto& series : list(run.metadata({"series"}))) {
    const auto name = text(series, "name");
    const auto unit = text(series, "unit");
    if (const auto mean = number(series, "mean"); mean && !name.empty())
      out.emplace_back(fmt::format("{}, mean{}", name, unit.empty() ? "" : " (" + unit + ")"), *mean);
  }
  return out;
}

}  // namespace

std::string run_table(const compare::ComparedConfig& config) {
  HtmlTable table("Runs", {"Run", "Side", "Started", "Status", "outcomes", "#throughput 1/s", "#latency_p50 ms",
                           "#latency_p95 ms", "#latency_p99 ms", "#window_seconds", "Machine"});
  for (const auto& side : config.sides) {
    for (const auto* run : side.repetitions) {
      const auto& reasons = field(run->metadata({"metrics", "total"}), "reasons");
      const auto ms = [&](const std::optional<double>& value, std::string_view name) {
        return measure_cell(value, "ms", text(reasons, name));
      };
      table.row({{fmt::format("<code>{}</code>", escape_html(run->run_id)), {}, run->file.string()},
                 words(side.side),
                 words(run->timestamp),
                 status_cell(*run),
                 words(outcomes_of(*run)),
                 measure_cell(run->throughput, "1/s", "the run did not end"),
                 ms(run->latency_p50, "latency_p50"),
                 ms(run->latency_p95, "latency_p95"),
                 ms(run->latency_p99, "latency_p99"),
                 measure_cell(run->duration_seconds, "s", "the run did not end"),
                 words(noise_of(*run))},
                compare::usable(*run) ? "" : "bad");
    }
  }
  return table.html();
}

std::string event_table(const std::vector<SideData>& sides) {
  constexpr size_t most_rows = 100;
  HtmlTable table("Control events of the first repetition that is ok",
                  {"Event", "Side", "Status", "#Due s", "#Issued s", "#Confirmed s", "#recovery_time s", "#downtime s",
                   "#failed_requests"});
  size_t rows = 0;
  size_t left_out = 0;
  for (const auto& side : sides) {
    const auto run = std::ranges::find_if(side.runs, [](const auto& r) { return !r.events.empty(); });
    if (run == side.runs.end()) continue;
    for (const auto& event : run->events) {
      if (text(event, "kind") == "mark") continue;
      if (++rows > most_rows) {
        ++left_out;
        continue;
      }
      const auto cell = [&](std::string_view key) {
        if (const auto bound = number(field(event, "below"), key)) return words(fmt::format("< {:.3g}", *bound));
        return measure_cell(number(event, key), "s", text(field(event, "reasons"), key));
      };
      const auto* down = text(event, "kind") == "fault" ? "downtime" : "reconfiguration_downtime";
      const auto status = text(event, "status");
      auto said = words(status);
      if (const auto more = text(event, "text"); !more.empty()) said.html += ": " + escape_html(more);
      table.row(
          {words(fmt::format("{} {}", text(event, "kind"), text(event, "target"))), words(side.side), said,
           cell("due_s"), cell("issued_s"), cell("confirmed_s"), cell("recovery_time"), cell(down),
           measure_cell(number(event, "failed_requests"), "count", text(field(event, "reasons"), "failed_requests"))},
          status == "failed" ? "bad" : "");
    }
  }
  if (table.empty()) return {};
  return table.html() + (left_out == 0
                             ? std::string()
                             : fmt::format("<p class=\"note\">{} more events are in records.jsonl.</p>\n", left_out));
}

std::string overhead_table(const compare::ComparedConfig& config) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::vector<double>>> values;  // by side
  for (size_t side = 0; side < config.sides.size(); ++side)
    for (const auto* run : config.sides[side].repetitions)
      for (const auto& [name, value] : overheads_of(*run)) {
        auto& of = values[name];
        if (of.empty()) {
          order.push_back(name);
          of.resize(config.sides.size());
        }
        of[side].push_back(value);
      }
  std::vector<std::string> headings = {"Harness overhead"};
  for (const auto& side : config.sides) headings.push_back("#" + side.side);
  HtmlTable table("What the harness itself cost: medians over all runs", std::move(headings));
  constexpr size_t most_rows = 80;
  for (size_t i = 0; i < std::min(order.size(), most_rows); ++i) {
    std::vector<TableCell> cells = {words(order[i])};
    for (const auto& of : values[order[i]])
      cells.push_back(of.empty() ? missing_cell("not in the records of this side")
                                 : figure(fmt::format("{:.4g}", compare::median(of))));
    table.row(cells);
  }
  return table.empty() ? std::string() : table.html();
}

}  // namespace host::report
