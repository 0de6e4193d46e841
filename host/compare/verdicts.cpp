#include "compare/verdicts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compare/two_stage.hpp"
#include "compare/validity.hpp"

namespace host::compare {
namespace {

constexpr size_t fewest = 3;  // repetitions of a side

std::string too_few(const MetricResult& result) {
  for (const auto* side : {&result.baseline, &result.candidate}) {
    const auto& values = side == &result.baseline ? result.baseline_values : result.candidate_values;
    if (values.empty()) return fmt::format("not measured with {}", *side);
    if (values.size() < fewest)
      return fmt::format("{} repetition{} with {}, an interval needs {}", values.size(), values.size() == 1 ? "" : "s",
                         *side, fewest);
  }
  return {};
}

Verdict against(const RatioInterval& interval, double margin, metrics::Direction better) {
  const double above = 1 + margin;
  const double below = 1 / above;
  if (interval.low > above) return better == metrics::Direction::higher ? Verdict::better : Verdict::worse;
  if (interval.high < below) return better == metrics::Direction::lower ? Verdict::better : Verdict::worse;
  if (interval.low >= below && interval.high <= above) return Verdict::same;
  return Verdict::inconclusive;
}

// There is no ratio to 0. But nothing against something is a difference all the same, as is any in which all runs of
// one side lie on one side of all those of the other.
void judge_zeros(MetricResult& result) {
  const auto [least_a, most_a] = std::ranges::minmax(result.baseline_values);
  const auto [least_b, most_b] = std::ranges::minmax(result.candidate_values);
  const auto to = [&](metrics::Direction direction) {
    return result.metric.better == metrics::Direction::none ? Verdict::inconclusive
           : result.metric.better == direction              ? Verdict::better
                                                            : Verdict::worse;
  };
  if (most_a == 0 && most_b == 0 && least_a == 0 && least_b == 0) {
    result.verdict = Verdict::same;
  } else if (most_b < least_a) {
    result.verdict = to(metrics::Direction::lower);
    result.reason = most_b == 0 ? fmt::format("every run of {} has 0", result.candidate) : "no ratio, for some have 0";
  } else if (least_b > most_a) {
    result.verdict = to(metrics::Direction::higher);
    result.reason = most_a == 0 ? fmt::format("every run of {} has 0", result.baseline) : "no ratio, for some have 0";
  } else {
    result.reason = "a value is 0: no ratio";
  }
}

// Of the metrics that count, the one that decides.
Judgement headline_verdict(const ComparedConfig& config, std::string_view candidate) {
  const auto find = [&](std::string_view name) { return find_result(config, candidate, "total", name); };
  std::vector<const MetricResult*> headline;
  for (const auto* name : {"throughput", "success_rate"})
    if (const auto* found = find(name)) headline.push_back(found);
  for (const auto* name : metrics::tail_latencies) {
    const auto* found = find(name);
    if (found == nullptr || (found->baseline_values.empty() && found->candidate_values.empty())) continue;
    headline.push_back(found);
    break;
  }
  if (headline.empty()) {
    for (const auto& side : config.sides)
      if (side.side == candidate || &side == &config.sides.front())
        if (const auto unusable = unusable_runs(side.repetitions); !unusable.empty())
          return {Verdict::invalid, fmt::format("{}: {}", side.side, unusable)};
    return {Verdict::inconclusive, "nothing was measured"};
  }
  for (const auto verdict : {Verdict::invalid, Verdict::worse, Verdict::inconclusive, Verdict::better}) {
    for (const auto* result : headline) {
      if (result->verdict != verdict) continue;
      if (result->reason.empty() || verdict == Verdict::invalid) return {verdict, result->reason};
      return {verdict, fmt::format("{}: {}", result->metric.name, result->reason)};
    }
  }
  return {Verdict::same, {}};
}

}  // namespace

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::better:
      return "better";
    case Verdict::same:
      return "same";
    case Verdict::worse:
      return "worse";
    case Verdict::inconclusive:
      return "inconclusive";
    case Verdict::invalid:
      break;
  }
  return "invalid";
}

const MetricResult* find_result(const ComparedConfig& config, std::string_view candidate, std::string_view scope,
                                std::string_view name) {
  const auto it = std::ranges::find_if(config.metrics, [&](const MetricResult& result) {
    return result.candidate == candidate && result.metric.scope == scope && result.metric.name == name;
  });
  return it == config.metrics.end() ? nullptr : &*it;
}

const MetricResult* latency_result(const ComparedConfig& config, std::string_view candidate) {
  for (const auto* name : metrics::tail_latencies)
    if (const auto* found = find_result(config, candidate, "total", name); found != nullptr && found->interval)
      return found;
  return find_result(config, candidate, "total", metrics::tail_latencies.front());
}

// A side that its driver limits does not show what its runtime can: the verdict stands, and says so.
Judgement verdict_of(const ComparedConfig& config, std::string_view candidate) {
  auto out = headline_verdict(config, candidate);
  for (const auto& side : config.sides) {
    if (side.side != candidate && &side != &config.sides.front()) continue;
    if (const auto limited = driver_limited_runs(side.repetitions); !limited.empty())
      out.reason += fmt::format("{}{}: {}", out.reason.empty() ? "" : "; ", side.side, limited);
  }
  return out;
}

void judge_metric(MetricResult& result, double margin, double confidence) {
  const auto& a = result.baseline_values;
  const auto& b = result.candidate_values;
  if (!a.empty() && !b.empty()) {
    result.ranks = mann_whitney(a, b);
    result.delta = cliffs_delta(a, b);
  }
  result.verdict = Verdict::inconclusive;
  result.reason = too_few(result);
  if (!result.reason.empty()) return;
  const auto not_positive = [](double value) { return !(value > 0); };
  if (std::ranges::any_of(a, not_positive) || std::ranges::any_of(b, not_positive)) {
    judge_zeros(result);
    return;
  }
  if (const auto logs = log_ratios(a, b); logs && result.first_stage > 0)
    result.interval = two_stage_interval(*logs, result.first_stage, {.confidence = confidence});
  else
    result.interval = result.paired ? paired_ratio(a, b, confidence) : independent_ratio(a, b, confidence);
  if (!result.interval) {
    result.reason = "no ratio";
    return;
  }
  result.verdict = against(*result.interval, margin, result.metric.better);
  if (result.verdict == Verdict::inconclusive)
    result.reason =
        fmt::format("the interval {:.3f}..{:.3f} crosses the margin of {:.3g} %: more repetitions narrow it",
                    result.interval->low, result.interval->high, margin * 100);
}

}  // namespace host::compare
