#include "compare/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "base/error.hpp"
#include "catalog/option.hpp"
#include "compare/scoped_name.hpp"
#include "metrics/definitions.hpp"

namespace host::compare {
namespace {

constexpr auto example = "write conditions as \"latency_p99<=1.10, class:chat/slo_attainment>=0.98\"";

[[noreturn]] void refuse(size_t position, const std::string& cause) {
  throw base::usage_error(fmt::format("--gate, character {}: {}; {}", position + 1, cause, example));
}

// "1.10" or "110%".
double parse_bound(std::string_view text, size_t position) {
  const bool percent = text.ends_with('%');
  const auto digits = trimmed(percent ? text.substr(0, text.size() - 1) : text);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value) || value <= 0)
    refuse(position, fmt::format("'{}' is no ratio above 0", text));
  return percent ? value / 100 : value;
}

GateCondition parse_condition(std::string_view text, size_t position) {
  const auto at = text.find_first_of("<>");
  if (at == std::string_view::npos) refuse(position, fmt::format("'{}' has neither <= nor >=", text));
  GateCondition out;
  out.text = std::string(text);
  out.at_most = text[at] == '<';
  const auto bound = at + (text.substr(at + 1).starts_with('=') ? 2 : 1);
  out.bound = parse_bound(trimmed(text.substr(bound)), position + bound);
  auto name = read_scoped_name(text.substr(0, at));
  if (!name.problem.empty()) refuse(position, name.problem);
  out.scope = std::move(name.scope);
  out.metric = std::move(name.metric);
  return out;
}

}  // namespace

std::string unlikely_bound(const GateCondition& condition) {
  constexpr double far = 10;
  if (condition.bound <= far && condition.bound >= 1 / far) return {};
  return fmt::format(
      "gate '{}': bounds are ratios, candidate / baseline, and no {}: {:g} means {:g} times the baseline",
      condition.text, metrics::find_metric(condition.metric)->unit, condition.bound, condition.bound);
}

namespace {

GateLine judge(const GateCondition& condition, const MetricResult& result) {
  GateLine line{condition.text, {}, GateState::inconclusive, result.reason};
  if (result.verdict == Verdict::invalid) {
    line.state = GateState::not_met;
    line.reason = "the comparison is invalid";
    return line;
  }
  if (result.baseline_values.empty() || result.candidate_values.empty()) {
    line.state = GateState::missing;
    return line;
  }
  if (!result.interval) {
    if (result.verdict == Verdict::worse) line.state = GateState::not_met;
    if (result.verdict == Verdict::better || result.verdict == Verdict::same) line.state = GateState::met;
    return line;
  }
  const auto& [ratio, low, high] = *result.interval;
  line.reason = fmt::format("ratio {:.3f} [{:.3f}, {:.3f}]", ratio, low, high);
  if (condition.at_most ? high <= condition.bound : low >= condition.bound)
    line.state = GateState::met;
  else if (condition.at_most ? low > condition.bound : high < condition.bound)
    line.state = GateState::not_met;
  return line;
}

}  // namespace

const char* to_string(GateState state) {
  switch (state) {
    case GateState::met:
      return "met";
    case GateState::not_met:
      return "NOT MET";
    case GateState::inconclusive:
      return "inconclusive";
    case GateState::missing:
      break;
  }
  return "MISSING";
}

std::vector<GateCondition> parse_gate(std::string_view text) {
  std::vector<GateCondition> out;
  if (trimmed(text).empty()) return out;
  for (size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto part = text.substr(begin, end - begin);
    const auto condition = trimmed(part);
    if (condition.empty()) refuse(begin, "an empty condition");
    out.push_back(parse_condition(condition, begin + static_cast<size_t>(condition.data() - part.data())));
    begin = end + 1;
  }
  return out;
}

GateResult judge_gate(const Comparison& comparison, const std::vector<GateCondition>& conditions, bool lenient) {
  GateResult out;
  if (conditions.empty()) return out;
  const auto where = [](const ComparedConfig& config) {
    return fmt::format("{} {}", config.workload, config_name(config));
  };
  for (const auto& config : comparison.configs)
    if (config.sides.size() < 2) out.lines.push_back({"every side", where(config), GateState::missing, config.reason});
  for (const auto& condition : conditions) {
    bool found = false;
    for (const auto& config : comparison.configs) {
      for (size_t i = 1; i < config.sides.size(); ++i) {
        const auto& candidate = config.sides[i].side;
        const auto* result = find_result(config, candidate, condition.scope, condition.metric);
        const auto pair = fmt::format("{} {}/{}", where(config), candidate, config.sides.front().side);
        if (result != nullptr) {
          found = true;
          out.lines.push_back(judge(condition, *result));
          out.lines.back().where = pair;
        } else if (condition.scope == "total") {
          found = true;
          out.lines.push_back({condition.text, pair, GateState::missing, "not measured with either side"});
        }
      }
    }
    if (!found) out.lines.push_back({condition.text, "anywhere", GateState::missing, "no result has it"});
  }
  out.passed = std::ranges::all_of(out.lines, [&](const GateLine& line) {
    return line.state == GateState::met || (lenient && line.state == GateState::inconclusive);
  });
  return out;
}

}  // namespace host::compare
