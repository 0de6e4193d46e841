#include "workloads/q7/reconfig_drill.hpp"

#include <algorithm>
#include <string>

#include "operators/common/config.hpp"

namespace workloads::q7 {
namespace {

using operators::common::read;

// Of a drill's share of the window: until its first change, and until its phase `after`.
constexpr double before_share = 0.45;
constexpr double drill_share = 0.3;

std::string joined(const std::vector<std::string>& texts, const char* none) {
  std::string text;
  for (const auto& each : texts) text += (text.empty() ? "" : "; ") + each;
  return text.empty() ? none : text;
}

}  // namespace

ReconfigDrill::ReconfigDrill(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& options)
    : mix_(options),
      description_(operators::model_server::describe_mix(options, operators::model_server::Pools::separated,
                                                         read<uint32_t>(options, "parallelism", 2, 1))),
      timeline_(options),
      check_(operators::common::DigestCheck::from_json(options)) {
  Deployment deployment;
  deployment.parallelism = read<uint32_t>(options, "parallelism", 2, 1);
  deployment.nodes = deployment.next_node = read<uint64_t>(options, "nodes", 1, 1);
  deployment.stage = operators::common::read_text(options, "stage", "chat");
  for (const auto& stage : description_.stages) deployment.all.push_back(stage.name);
  if (std::find(deployment.all.begin(), deployment.all.end(), deployment.stage) == deployment.all.end())
    throw sage::Failure(SAGE_INVALID, "q7 has no stage '" + deployment.stage + "'; --stage takes chat or embedding");
  drills_ = choose_drills(operators::common::read_text(options, "drill", ""), options.value("skip_unsupported", false),
                          options.value("capabilities", std::vector<std::string>()), deployment);
  if (!timeline_.possible())
    throw sage::Failure(
        SAGE_INVALID,
        "q7 places its drills in the window: it needs an arrival process with due times and an end; use "
        "--arrival poisson (or another open one) with --total-requests or --duration");
  place_drills();
}

void ReconfigDrill::place_drills() {
  const auto n = static_cast<double>(drills_.chosen.size());
  for (size_t i = 0; i < drills_.chosen.size(); ++i) {
    auto& drill = drills_.chosen[i];
    const auto at = [&](double share) { return (static_cast<double>(i) + share) / n; };
    const auto mark = [&](double share, const std::string& phase) {
      timeline_.at(at(share), {SAGE_EVENT_MARK, 0, phase + ":" + drill.name});
    };
    mark(0, "before");
    mark(before_share, "drill");
    for (size_t k = 0; k < drill.events.size(); ++k)
      timeline_.at(at(before_share + drill_share * static_cast<double>(k) / static_cast<double>(drill.events.size())),
                   drill.events[k]);
    mark(before_share + drill_share, "after");
  }
}

std::unique_ptr<sage::Operator> ReconfigDrill::open_operator(std::string_view name, const sage::Json& config,
                                                             uint32_t /*replica*/, uint32_t /*replicas*/) {
  return operators::model_server::open_mix_operator(name, config);
}

size_t ReconfigDrill::plan(std::span<sage_request> rows) {
  for (auto& row : rows) mix_.complete(row);
  timeline_.follow(rows);
  return rows.size();
}

void ReconfigDrill::settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) {
  check_.settle(rows, verdicts);
}

sage::Conclusion ReconfigDrill::conclude() {
  auto conclusion = check_.conclude(*this, [this](sage_request& row) { mix_.complete(row); });
  std::vector<std::string> names;
  for (const auto& drill : drills_.chosen) names.push_back(drill.name);
  conclusion.report["drills"] = joined(names, "none");
  conclusion.report["not_exercised"] = joined(drills_.left_out, "nothing");
  return conclusion;
}

}  // namespace workloads::q7
