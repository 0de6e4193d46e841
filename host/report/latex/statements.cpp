#include "report/latex/statements.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compare/validity.hpp"
#include "report/latex/tex.hpp"

namespace host::report {
namespace {

using compare::MetricResult;
using compare::Verdict;

constexpr size_t longest_reason = 400;  // characters

std::string capital(std::string text) {
  if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

// "40.21/s", "3.500\,ms", "0.9900".
std::string quantity(double value, const std::string& unit) {
  if (unit.empty() || unit == "0..1") return tex_number(value);
  if (unit.starts_with("1/")) return tex_number(value) + tex_text(unit.substr(1));
  return fmt::format("{}\\,{}", tex_number(value), tex_text(unit));
}

std::string name_of(const std::string& scope, const std::string& metric) {
  return tex_text(metric_text(metric)) + (scope == "total" ? "" : fmt::format(" ({})", tex_text(scope)));
}

std::string medians_of(const MetricResult& result) {
  if (result.baseline_values.empty() || result.candidate_values.empty()) return "not measured on both sides";
  return fmt::format("medians {} and {}, n = {}",
                     quantity(compare::median(result.candidate_values), result.metric.unit),
                     quantity(compare::median(result.baseline_values), result.metric.unit), count_text(result));
}

}  // namespace

std::string with_limits(const Statement& statement, const std::string& limits) {
  return capital(limits.empty() ? statement.text : limits + ": " + statement.text);
}

std::string long_text(std::string_view text) { return tex_text(text, longest_reason); }

std::string limits_of(const compare::Comparison& comparison, const compare::ComparedConfig& config,
                      const SidePointers& sides) {
  std::set<std::string> out;
  for (const auto* side : sides) {
    if (std::ranges::any_of(side->repetitions, [](const auto* run) { return run->metadata({"clock"}) == "virtual"; }))
      out.insert("in simulated time, which shows a model and no system");
    if (!compare::driver_limited_runs(side->repetitions).empty())
      out.insert(fmt::format("with {} limited by its driver, so that this is not what its runtime can do",
                             tex_text(side->side)));
  }
  for (const auto& mismatch : comparison.mismatches) {
    if (sides.size() < 2 || mismatch.workload != config.workload) continue;
    if (mismatch.field != "host version" && mismatch.field != "machine") continue;
    if (std::ranges::all_of(sides, [&](const auto* side) { return mismatch.values.contains(side->side); }))
      out.insert(fmt::format("with another {} on either side, which may be what differs", mismatch.field));
  }
  return fmt::format("{}", fmt::join(out, "; "));
}

std::string remarks_on(const SidePointers& sides) {
  std::string out;
  for (const auto* side : sides)
    for (const auto& remark : {compare::unusable_runs(side->repetitions), compare::unjudged_runs(side->repetitions),
                               compare::noisy_runs(side->repetitions)})
      if (!remark.empty()) out += fmt::format(" Of {}, {}.", tex_text(side->side), long_text(remark));
  return out;
}

std::string count_text(const MetricResult& result) {
  const auto candidate = result.candidate_values.size();
  const auto baseline = result.baseline_values.size();
  if (result.paired) return fmt::format("{} pair{}", candidate, candidate == 1 ? "" : "s");
  return candidate == baseline ? fmt::format("{} each", candidate) : fmt::format("{} and {}", candidate, baseline);
}

Statement state_comparison(const MetricResult& result, const compare::Comparison& comparison) {
  const auto name = name_of(result.metric.scope, result.metric.name);
  const auto baseline = tex_text(result.baseline);
  const auto candidate = tex_text(result.candidate);
  const auto verdict = result.verdict;
  if (verdict == Verdict::invalid)
    return {"none", fmt::format("no claim about {}: {} and {} cannot be compared ({}).", name, candidate, baseline,
                                long_text(result.reason))};
  const auto claim = [](std::string text) { return Statement{"claim", std::move(text)}; };
  const auto medians = medians_of(result);
  if (!result.interval) {
    if (verdict == Verdict::inconclusive)
      return {"none", fmt::format("no claim about {} of {} against {}: {} ({}).", name, candidate, baseline,
                                  long_text(result.reason), medians)};
    if (verdict == Verdict::same)
      return claim(fmt::format("{} of {} and of {} is 0 in every run ({}).", name, candidate, baseline, medians));
    return claim(fmt::format("{} of {} is {} than that of {}: {} ({}).", name, candidate, to_string(verdict), baseline,
                             long_text(result.reason), medians));
  }
  const auto& [ratio, low, high] = *result.interval;
  const auto numbers = fmt::format("ratio {}, {:.4g}\\,\\% interval [{}, {}]; {}", tex_number(ratio),
                                   comparison.confidence * 100, tex_number(low), tex_number(high), medians);
  const auto margin = fmt::format("{:.4g}\\,\\%", comparison.margin * 100);
  if (verdict == Verdict::inconclusive)
    return {"none", fmt::format("whether {} of {} and of {} differs by more than {} is not known ({}).", name,
                                candidate, baseline, margin, numbers)};
  if (verdict == Verdict::same)
    return claim(fmt::format("{} of {} is that of {} within {} ({}).", name, candidate, baseline, margin, numbers));
  return claim(fmt::format("{} of {} is {} times that of {}, which is {} by more than {} ({}).", name, candidate,
                           tex_number(ratio), baseline, to_string(verdict), margin, numbers));
}

Statement state_measure(const MetricRow& row, const SideValues& values, const std::string& side) {
  const auto name = name_of(row.scope, row.name);
  const auto who = tex_text(side);
  const auto n = values.values.size();
  if (n == 0 && values.below)
    return {"none",
            fmt::format("{} of {} is below what can be resolved, {}.", name, who, quantity(*values.below, row.unit))};
  if (n == 0) return {"none", fmt::format("no claim about {} of {}: {}.", name, who, long_text(values.reason))};
  if (n == 1)
    return {"none", fmt::format("{} of {} was {} in one run, which tells nothing of how it varies.", name, who,
                                quantity(values.values[0], row.unit))};
  const auto [least, most] = std::ranges::minmax(values.values);
  auto text = fmt::format("{} of {} has the median {} over n = {} runs, from {} to {}", name, who,
                          quantity(compare::median(values.values), row.unit), n, tex_number(least), tex_number(most));
  if (n == 2) return {"none", text + "; two runs tell little of how it varies."};
  return {"claim", text + "."};
}

}  // namespace host::report
