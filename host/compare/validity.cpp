#include "compare/validity.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "base/utf8.hpp"

namespace host::compare {
namespace {

using Runs = std::vector<const ResultRecord*>;

constexpr auto unjudged_reason =
    "a CSV says neither how they ended nor by which clock; give the folder, or its unified_results.jsonl";

std::string first_text(const nlohmann::ordered_json& list) {
  return list.is_array() && !list.empty() && list[0].is_string()
             ? base::shown_text(list[0].get_ref<const std::string&>())
             : std::string();
}

std::string share_of(size_t part, size_t all, std::string_view what, const std::string& reason) {
  return fmt::format("{} of {} run{} {}{}{}", part, all, all == 1 ? "" : "s", what, reason.empty() ? "" : ": ", reason);
}

std::set<std::string> clocks(const SideResults& side) {
  std::set<std::string> out;
  for (const auto* run : side.repetitions)
    if (const auto& clock = run->metadata({"clock"}); clock.is_string()) out.insert(clock.get<std::string>());
  return out;
}

// What the results of a run depend on, whichever backend gives them.
std::string asked(const ResultRecord& record) {
  const auto& config = record.metadata({"config"});
  return fmt::format("{}\n{}\n{}", record.seed.value_or(0), base::field(config, "options").dump(),
                     base::field(config, "load").dump());
}

// Digests by what was asked and how many results are in them. Where the order of requests decides what results are,
// they tell nothing.
using Digests = std::map<std::pair<std::string, int64_t>, std::set<std::string>>;

Digests digests(const SideResults& side) {
  Digests out;
  for (const auto* run : side.repetitions) {
    const auto& digest = run->metadata({"digest"});
    const auto& count = run->metadata({"digested"});
    const auto& by_order = run->metadata({"report", "order_dependent"});
    if (!usable(*run) || !digest.is_string() || !count.is_number_integer() || count.get<int64_t>() == 0) continue;
    if (by_order.is_boolean() && by_order.get<bool>()) continue;
    out[{asked(*run), count.get<int64_t>()}].insert(digest.get<std::string>());
  }
  return out;
}

std::map<std::string, std::string> fields_of(const ResultRecord& record) {
  const auto text = [](const auto& value) { return value ? fmt::format("{}", *value) : std::string("not given"); };
  return {{"seed", text(record.seed)},
          {"nodes", text(record.nodes)},
          {"parallelism", text(record.parallelism)},
          {"config_hash", record.config_hash.empty() ? "not given" : record.config_hash},
          {"host version", host_version(record)},
          {"machine", machine(record)}};
}

// What makes runs of one configuration repetitions of one another, by name.
std::map<std::string, std::string> set_up(const ResultRecord& record) {
  std::map<std::string, std::string> out = {
      {"the host's version", host_version(record)},
      {"the workload's library",
       base::short_hash(base::text(record.metadata({"environment", "workload", "library_sha256"})))},
      {"the backend's library",
       base::short_hash(base::text(record.metadata({"environment", "backend", "library_sha256"})))}};
  if (const auto& options = record.metadata({"backend_config"}); options.is_object())
    for (const auto& [name, value] : options.items())
      out["backend option " + base::shown_text(name)] = base::shown_text(value.dump());
  return out;
}

// Where they differ, and how.
std::map<std::string, std::set<std::string>> differences(const Runs& runs) {
  std::map<std::string, std::set<std::string>> out;
  for (const auto* run : runs)
    if (run->metadata({"environment"}).is_object())
      for (auto& [name, value] : set_up(*run)) out[name].insert(std::move(value));
  std::erase_if(out, [](const auto& each) { return each.second.size() < 2; });
  return out;
}

// Of records that should be alike.
void compare_fields(const std::string& workload, const std::string& run_id, const Runs& runs,
                    std::vector<Mismatch>& out) {
  for (const auto* field : {"seed", "nodes", "parallelism", "config_hash", "host version", "machine"}) {
    std::map<std::string, std::set<std::string>> by_side;
    for (const auto* run : runs)
      if (auto value = fields_of(*run).at(field); !value.empty()) by_side[run->side].insert(std::move(value));
    if (by_side.empty()) continue;
    const auto& first = by_side.begin()->second;
    if (std::ranges::all_of(by_side, [&](const auto& side) { return side.second == first; })) continue;
    Mismatch mismatch{workload, run_id, field, {}};
    for (const auto& [side, values] : by_side) mismatch.values[side] = fmt::format("{}", fmt::join(values, ", "));
    out.push_back(std::move(mismatch));
  }
}

size_t sides_of(const Runs& runs) {
  std::set<std::string> sides;
  for (const auto* run : runs) sides.insert(run->side);
  return sides.size();
}

}  // namespace

std::string host_version(const ResultRecord& record) {
  const auto revision = base::text(record.metadata({"environment", "system", "git_revision"}));
  const auto version = base::text(record.metadata({"environment", "host_version"}));
  return revision.empty() ? version : fmt::format("{} ({})", version, base::short_hash(revision));
}

std::string machine(const ResultRecord& record) {
  const auto& system = record.metadata({"environment", "system"});
  // The Python package has such a profile too.
  if (const auto& theirs = record.metadata({"system_profile"}); !system.is_object() && theirs.is_object())
    return fmt::format("{} ({}, {} cores)", base::text(theirs, "hostname"), base::text(theirs, "cpu_model"),
                       base::number(theirs, "cpu_physical_cores").value_or(0));
  if (!system.is_object()) return {};
  return fmt::format("{} ({}, {} cores)", base::text(system, "hostname"), base::text(system, "cpu_model"),
                     base::number(system, "cores").value_or(0));
}

bool usable(const ResultRecord& record) {
  const auto status = record.status();
  if (status != "unjudged") return status == "ok";
  // A run of ours, which bears its configuration in its id, has its status in the file beside; the Python package's had
  // none anywhere.
  return record.config_hash.empty() || record.run_id.find(base::short_hash(record.config_hash)) == std::string::npos;
}

std::string unjudged_runs(const Runs& repetitions) {
  const auto n = static_cast<size_t>(std::ranges::count_if(
      repetitions, [](const ResultRecord* run) { return run->status() == "unjudged" && usable(*run); }));
  return n == 0 ? std::string() : share_of(n, repetitions.size(), "are unjudged", unjudged_reason);
}

std::string unusable_runs(const Runs& repetitions) {
  std::map<std::string, Runs> by_status;
  for (const auto* run : repetitions)
    if (!usable(*run)) by_status[run->status()].push_back(run);
  std::string out;
  for (const auto& [status, runs] : by_status) {
    const auto what = status == "interrupted" ? "were interrupted" : status == "failed" ? "failed" : "are " + status;
    const auto why = status == "unjudged" ? std::string(unjudged_reason) : first_text(runs[0]->metadata({"reasons"}));
    out += (out.empty() ? "" : "; ") + share_of(runs.size(), repetitions.size(), what, why);
  }
  return out;
}

std::string noisy_runs(const Runs& repetitions) {
  Runs noisy;
  for (const auto* run : repetitions)
    if (const auto& flag = run->metadata({"noise", "noisy"}); flag.is_boolean() && flag.get<bool>())
      noisy.push_back(run);
  if (noisy.empty()) return {};
  return share_of(noisy.size(), repetitions.size(),
                  noisy.size() == 1 ? "was taken on a noisy machine" : "were taken on a noisy machine",
                  first_text(noisy[0]->metadata({"noise", "reasons"})));
}

bool limited_by_driver(const ResultRecord& record) {
  for (const auto* of : {"harness_share", "search"})
    if (record.metadata({of, "limited_by_driver"}) == true) return true;
  return false;
}

std::string driver_limited_runs(const Runs& repetitions) {
  Runs limited;
  std::ranges::copy_if(repetitions, std::back_inserter(limited),
                       [](const auto* run) { return limited_by_driver(*run); });
  if (limited.empty()) return {};
  return share_of(limited.size(), repetitions.size(),
                  limited.size() == 1 ? "was limited by its driver" : "were limited by their driver",
                  base::shown_text(base::text(limited[0]->metadata({"harness_share", "limit"}))));
}

std::string mixed_set_ups(const Runs& repetitions) {
  std::string out;
  for (const auto& [name, values] : differences(repetitions))
    out += fmt::format("{}{} ({})", out.empty() ? "its runs differ in " : ", ", name, fmt::join(values, ", "));
  return out;
}

std::string clocks_differ(const SideResults& a, const SideResults& b) {
  auto all = clocks(a);
  all.merge(clocks(b));
  if (all.size() < 2) return {};
  return fmt::format("simulated time is set against real time: clocks {}", fmt::join(all, " and "));
}

std::optional<bool> outputs_equal(const SideResults& a, const SideResults& b) {
  const auto of_a = digests(a);
  const auto of_b = digests(b);
  std::optional<bool> equal;
  for (const auto& [of, values] : of_a) {
    const auto other = of_b.find(of);
    if (other == of_b.end()) continue;
    if (values.size() > 1 || values != other->second) return false;
    equal = true;
  }
  return equal;
}

std::vector<Mismatch> mismatches(const std::vector<ResultRecord>& records) {
  std::vector<std::string> order;
  std::map<std::string, std::map<std::string, Runs>> workloads;  // by workload and run id
  for (const auto& record : records) {
    if (!workloads.contains(record.workload)) order.push_back(record.workload);
    workloads[record.workload][record.run_id].push_back(&record);
  }
  std::vector<Mismatch> out;
  std::map<std::pair<std::string, std::string>, std::map<std::string, Runs>> repetitions;  // by configuration, side
  for (const auto& record : records) repetitions[{record.workload, record.config_hash}][record.side].push_back(&record);
  for (const auto& [config, sides] : repetitions)
    for (const auto& [side, runs] : sides)
      for (const auto& [name, values] : differences(runs))
        out.push_back({config.first, "", name, {{side, fmt::format("{}", fmt::join(values, ", "))}}});
  for (const auto& workload : order) {
    Runs alone;  // whose run id is of one side
    for (const auto& [run_id, runs] : workloads[workload]) {
      if (sides_of(runs) > 1)
        compare_fields(workload, run_id, runs, out);
      else
        alone.insert(alone.end(), runs.begin(), runs.end());
    }
    if (sides_of(alone) > 1) compare_fields(workload, "", alone, out);
  }
  return out;
}

}  // namespace host::compare
