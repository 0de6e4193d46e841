#include "compare/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "compare/validity.hpp"
#include "compare/verdicts.hpp"

namespace host::compare {
namespace {

using Runs = std::vector<const ResultRecord*>;

std::vector<std::string> sides_in_order(const ResultSet& results, const std::string& baseline) {
  std::vector<std::string> sides;
  for (const auto& record : results.records)
    if (std::ranges::find(sides, record.side) == sides.end()) sides.push_back(record.side);
  if (baseline.empty()) return sides;
  const auto it = std::ranges::find(sides, baseline);
  if (it == sides.end()) {
    std::string known;
    for (const auto& side : sides) known += (known.empty() ? "" : ", ") + side;
    throw base::usage_error(fmt::format("--baseline {}: no results of it; there are {}", baseline, known));
  }
  std::rotate(sides.begin(), it, it + 1);
  return sides;
}

// Where a repetition belongs in a paired run.
struct Pair {
  std::string run_id;
  int64_t repetition = 0;
};

std::optional<Pair> pair_of(const ResultRecord& record) {
  const auto& run_id = record.metadata({"pair", "run_id"});
  const auto& repetition = record.metadata({"pair", "repetition"});
  if (!run_id.is_string() || !repetition.is_number_integer()) return std::nullopt;
  return Pair{run_id.get<std::string>(), repetition.get<int64_t>()};
}

// The runs by repetition, if each has its place in one and the same paired run.
std::optional<std::map<int64_t, const ResultRecord*>> by_repetition(const Runs& runs, std::string& pair_run) {
  std::map<int64_t, const ResultRecord*> out;
  for (const auto* run : runs) {
    const auto pair = pair_of(*run);
    if (!pair || (!pair_run.empty() && pair->run_id != pair_run)) return std::nullopt;
    pair_run = pair->run_id;
    if (!out.emplace(pair->repetition, run).second) return std::nullopt;
  }
  return out;
}

using Measured = std::map<const ResultRecord*, std::vector<records::ScopedMetric>>;

std::vector<records::ScopedMetric> compared_metrics_of(const ResultRecord& record) {
  auto out = metrics_of(record);
  std::erase_if(out, [](const records::ScopedMetric& metric) { return !metric.compared(); });
  return out;
}

std::optional<double> value_of(const Measured& measured, const ResultRecord* run, const ComparedMetric& metric) {
  const auto* found = records::find(measured.at(run), metric.scope, metric.name);
  return found == nullptr ? std::nullopt : found->value;
}

// What a metric without a value is called inconclusive for.
std::string why_missing(const Measured& measured, const SideResults& side, const ComparedMetric& metric) {
  for (const auto* run : side.repetitions)
    if (const auto* found = records::find(measured.at(run), metric.scope, metric.name);
        found != nullptr && !found->reason.empty())
      return found->reason;
  return {};
}

// Every metric that a repetition of either side names, in the table's order; those without any value only where a
// column of the record stands for them.
std::vector<ComparedMetric> all_metrics(const Measured& measured, const SideResults& a, const SideResults& b) {
  constexpr std::array always = {"throughput", "success_rate", "latency_p50", "latency_p95", "latency_p99"};
  std::vector<ComparedMetric> out;
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto* side : {&a, &b}) {
    for (const auto* run : side->repetitions) {
      for (const auto& found : measured.at(run)) {
        const bool column = found.kind == metrics::in_total && std::ranges::find(always, found.name) != always.end();
        if (!found.value && !column) continue;
        if (seen.emplace(found.scope, found.name).second)
          out.push_back({found.scope, found.name, found.unit(), found.definition->better});
      }
    }
  }
  // Scopes stay together, in the order in which they were first named.
  std::map<std::string, size_t> order;
  for (const auto& metric : out) order.emplace(metric.scope, order.size());
  std::ranges::stable_sort(out, {}, [&](const ComparedMetric& metric) { return order[metric.scope]; });
  return out;
}

class ConfigComparison {
 public:
  ConfigComparison(ComparedConfig& config, const Comparison& settings, const std::string& beyond)
      : config_(config), settings_(settings), beyond_(beyond) {
    for (const auto& side : config.sides)
      for (const auto* run : side.repetitions)
        measured_[run] = usable(*run) ? compared_metrics_of(*run) : std::vector<records::ScopedMetric>();
  }

  void compare(const SideResults& baseline, const SideResults& candidate) {
    const auto objection = objection_to(baseline, candidate);
    std::string pair_run;
    const auto pairs_a = by_repetition(baseline.repetitions, pair_run);
    const auto pairs_b = by_repetition(candidate.repetitions, pair_run);
    for (const auto& metric : all_metrics(measured_, baseline, candidate)) {
      MetricResult result;
      result.metric = metric;
      result.baseline = baseline.side;
      result.candidate = candidate.side;
      result.paired = pairs_a && pairs_b;
      size_t without = 0;
      if (result.paired)
        without = take_pairs(*pairs_a, *pairs_b, result);
      else
        without = take(baseline, metric, result.baseline_values) + take(candidate, metric, result.candidate_values);
      judge_metric(result, settings_.margin, settings_.confidence);
      if (without > 0 && !result.reason.empty()) {
        auto why = why_missing(measured_, baseline, metric);
        if (why.empty()) why = why_missing(measured_, candidate, metric);
        result.reason += fmt::format("; {} run{} without a value{}{}", without, without == 1 ? "" : "s",
                                     why.empty() ? "" : ": ", why);
      }
      if (!objection.empty()) {
        result.verdict = Verdict::invalid;
        result.reason = objection;
      }
      config_.metrics.push_back(std::move(result));
    }
  }

 private:
  std::string objection_to(const SideResults& baseline, const SideResults& candidate) {
    std::string out;
    const auto add = [&](const std::string& text) {
      if (!text.empty()) out += (out.empty() ? "" : "; ") + text;
    };
    for (const auto* side : {&baseline, &candidate})
      for (const auto& problem : {unusable_runs(side->repetitions), mixed_set_ups(side->repetitions)})
        if (!problem.empty()) add(side->side + ": " + problem);
    add(clocks_differ(baseline, candidate));
    add(beyond_);
    if (const auto equal = outputs_equal(baseline, candidate)) {
      config_.output_equal = config_.output_equal.value_or(true) && *equal;
      if (!*equal) add(fmt::format("the outputs of {} and {} differ", baseline.side, candidate.side));
    }
    return out;
  }

  // Both return how many usable runs have no value.
  size_t take(const SideResults& side, const ComparedMetric& metric, std::vector<double>& values) const {
    size_t without = 0;
    for (const auto* run : side.repetitions) {
      const auto value = value_of(measured_, run, metric);
      if (value) values.push_back(*value);
      without += !value && usable(*run) ? 1U : 0U;
    }
    return without;
  }
  // The blocks of the first stage, where the runs' number was decided by this metric (compare/two_stage.hpp); else 0.
  static int64_t first_stage(const ResultRecord& run, const ComparedMetric& metric) {
    const auto& until = run.metadata({"experiment", "until"});
    if (base::text(until, "scope") != metric.scope || base::text(until, "metric") != metric.name) return 0;
    return static_cast<int64_t>(base::number(until, "first_stage").value_or(0));
  }

  size_t take_pairs(const std::map<int64_t, const ResultRecord*>& a, const std::map<int64_t, const ResultRecord*>& b,
                    MetricResult& result) const {
    size_t without = 0;
    for (const auto& [repetition, run] : a) {
      const auto other = b.find(repetition);
      if (other == b.end()) continue;
      const auto x = value_of(measured_, run, result.metric);
      const auto y = value_of(measured_, other->second, result.metric);
      if (x && y) {
        result.baseline_values.push_back(*x);
        result.candidate_values.push_back(*y);
        if (repetition <= first_stage(*run, result.metric)) ++result.first_stage;
      } else {
        without += (usable(*run) && !x ? 1U : 0U) + (usable(*other->second) && !y ? 1U : 0U);
      }
    }
    return without;
  }

  ComparedConfig& config_;
  const Comparison& settings_;
  const std::string& beyond_;  // what the sides differ in and should not
  Measured measured_;
};

// "rate: 20 against 40"; empty = in nothing that forbids a comparison.
std::string differences_beyond(const std::vector<Mismatch>& mismatches, const std::string& group,
                               const std::string& baseline) {
  std::string out;
  for (const auto& mismatch : mismatches) {
    if (!mismatch.forbids || mismatch.group != group) continue;
    out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", mismatch.field, values_text(mismatch, baseline));
  }
  return out;
}

void judge(ComparedConfig& config, const Comparison& settings, const std::string& differences) {
  for (auto& side : config.sides)
    for (auto problem :
         {unusable_runs(side.repetitions), mixed_set_ups(side.repetitions), unjudged_runs(side.repetitions),
          noisy_runs(side.repetitions), driver_limited_runs(side.repetitions)})
      if (!problem.empty()) side.problems.push_back(std::move(problem));
  if (config.sides.size() < 2) {
    const auto& only = config.sides.front();
    const auto unusable = unusable_runs(only.repetitions);
    config.verdict = unusable.empty() && differences.empty() ? Verdict::inconclusive : Verdict::invalid;
    config.reason = fmt::format("only {} has it", only.side);
    if (!differences.empty()) config.reason += "; the nearest differs in " + differences;
    for (const auto& remark : {unusable, driver_limited_runs(only.repetitions)})
      if (!remark.empty()) config.reason += "; " + remark;
    return;
  }
  const auto beyond = differences.empty() ? differences : "beyond their sides they differ in " + differences;
  ConfigComparison comparison(config, settings, beyond);
  for (size_t i = 1; i < config.sides.size(); ++i) comparison.compare(config.sides.front(), config.sides[i]);
  constexpr std::array severity = {Verdict::better, Verdict::same, Verdict::inconclusive, Verdict::worse,
                                   Verdict::invalid};
  const auto rank = [&](Verdict verdict) { return std::ranges::find(severity, verdict) - severity.begin(); };
  for (size_t i = 1; i < config.sides.size(); ++i) {
    auto of = verdict_of(config, config.sides[i].side);
    if (i > 1 && rank(of.verdict) <= rank(config.verdict)) continue;
    config.verdict = of.verdict;
    config.reason = std::move(of.reason);
  }
}

// Of what every record of a configuration has.
void keep_common(ComparedConfig& config, const ResultRecord& record) {
  if (config.config_hash != record.config_hash) config.config_hash.clear();
  if (config.seed != record.seed) config.seed.reset();
  if (config.nodes != record.nodes) config.nodes.reset();
  if (config.parallelism != record.parallelism) config.parallelism.reset();
}

}  // namespace

std::string config_name(const ComparedConfig& config) {
  return config.label.empty() ? base::short_hash(config.config_hash) : config.label;
}

std::string where(const Mismatch& mismatch) {
  if (!mismatch.run_id.empty()) return mismatch.run_id;
  return mismatch.label.empty() ? "(by workload)" : mismatch.label;
}

std::string values_text(const Mismatch& mismatch, const std::string& first) {
  std::vector<std::string> values;
  for (const auto& [side, value] : mismatch.values) values.insert(side == first ? values.begin() : values.end(), value);
  return fmt::format("{}", fmt::join(values, " against "));
}

Comparison compare(const ResultSet& results, const CompareOptions& options) {
  const auto sides = sides_in_order(results, options.baseline);
  Comparison out;
  out.margin = options.margin;
  out.confidence = options.confidence;
  out.problems = results.problems;
  const bool grouped = std::ranges::any_of(results.records, [](const auto& each) { return !each.group.empty(); });
  out.mismatches = grouped ? results.mismatches : mismatches(results.records);

  using Key = std::tuple<std::string, std::string, std::optional<int64_t>, std::optional<int64_t>,
                         std::optional<int64_t>, std::string>;
  std::map<Key, size_t> known;  // index into configs, which are in the order of the records
  std::vector<std::map<std::string, Runs>> runs;
  std::vector<std::string> groups;
  for (const auto& record : results.records) {
    auto key = Key{record.workload, "", record.seed, record.nodes, record.parallelism, record.config_hash};
    if (grouped) key = {record.workload, record.group, {}, {}, {}, {}};
    const auto [it, fresh] = known.emplace(std::move(key), out.configs.size());
    if (fresh) {
      ComparedConfig config;
      config.workload = record.workload;
      config.config_hash = record.config_hash;
      config.seed = record.seed;
      config.nodes = record.nodes;
      config.parallelism = record.parallelism;
      config.label = record.label;
      out.configs.push_back(std::move(config));
      groups.push_back(record.group);
      runs.emplace_back();
    } else {
      keep_common(out.configs[it->second], record);
    }
    runs[it->second][record.side].push_back(&record);
  }
  for (size_t i = 0; i < out.configs.size(); ++i) {
    auto& config = out.configs[i];
    for (const auto& side : sides) {
      const auto it = runs[i].find(side);
      if (it == runs[i].end()) continue;
      std::ranges::stable_sort(it->second, {}, [](const ResultRecord* run) {
        const auto pair = pair_of(*run);
        return pair ? pair->repetition : 0;
      });
      config.sides.push_back({side, std::move(it->second), {}});
    }
    judge(config, out,
          grouped ? differences_beyond(out.mismatches, groups[i], config.sides.front().side) : std::string());
  }
  return out;
}

}  // namespace host::compare
