#include "workloads/q5/hetero_resilience.hpp"

#include <algorithm>
#include <array>

#include "operators/common/config.hpp"
#include "workloads/q5/node_classes.hpp"

namespace workloads::q5 {
namespace {

using operators::common::read;

constexpr std::array<std::string_view, 2> abilities = {"llm", "embedding"};

// What the run's backend can do, as its manifest says.
bool backend_can(const sage::Json& options, std::string_view capability) {
  const auto found = options.find("capabilities");
  return found != options.end() && std::find(found->begin(), found->end(), capability) != found->end();
}

}  // namespace

HeteroResilience::HeteroResilience(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& options)
    : mix_(options),
      description_(operators::model_server::describe_mix(options, operators::model_server::Pools::separated,
                                                         read<uint32_t>(options, "parallelism", 2, 1))),
      timeline_(options),
      check_(operators::common::DigestCheck::from_json(options)) {
  for (size_t s = 0; s < abilities.size(); ++s) description_.stages[s].needs = {std::string(abilities[s])};
  choose_nodes(options);
  choose_failure(options);
}

void HeteroResilience::choose_nodes(const sage::Json& options) {
  const auto text = operators::common::read_text(options, "node_classes", "fast:1x1.0,slow:3x0.35,no-llm:1");
  auto nodes = read_node_classes(text, abilities);
  if (!backend_can(options, "node-classes")) {
    not_exercised_.push_back("nodes of different speed and kind: the backend lacks node-classes");
    return;
  }
  const auto asked = read<uint64_t>(options, "nodes", 1);
  if (asked != 1 && asked != nodes.size())
    throw sage::Failure(SAGE_INVALID, "--nodes " + std::to_string(asked) + " contradicts --node-classes '" + text +
                                          "' of " + std::to_string(nodes.size()) + " nodes; leave --nodes out");
  description_.nodes = std::move(nodes);
}

void HeteroResilience::choose_failure(const sage::Json& options) {
  const auto fail_at = read<double>(options, "fail_at", 0.4, 0, 1);
  const auto heal_at = read<double>(options, "heal_at", 0.7, 0, 1);
  if (fail_at == 1) {
    not_exercised_.push_back("any failure: --fail-at 1 is after the end");
    return;
  }
  if (fail_at >= heal_at)
    throw sage::Failure(
        SAGE_INVALID, "--fail-at " + std::to_string(fail_at) + " must be before --heal-at " + std::to_string(heal_at));
  const auto nodes = std::max<uint64_t>(description_.nodes.size(), read<uint64_t>(options, "nodes", 1));
  std::string kind;
  sage::Json target;
  if (nodes > 1 && backend_can(options, "fault.kill-node")) {
    const auto fastest = std::max_element(description_.nodes.begin(), description_.nodes.end(),
                                          [](const auto& a, const auto& b) { return a.speed < b.speed; });
    const auto node = fastest - description_.nodes.begin();  // 0 when all are alike
    kind = "kill-node";
    target = {{"node", node}};
  } else if (backend_can(options, "fault.kill-worker")) {
    kind = "kill-worker";
    target = {{"stage", "chat"}, {"worker", 0}};
    not_exercised_.push_back("the failure of a node: a worker of stage chat fails instead");
  } else {
    not_exercised_.push_back("any failure: the backend has neither kill-node nor kill-worker");
    return;
  }
  if (!timeline_.possible()) {
    not_exercised_.push_back("any failure: a load without due times, or without an end, has no moments to place it at");
    return;
  }
  failure_ = kind + " " + target.dump();
  timeline_.at(0, {SAGE_EVENT_MARK, 0, "before"});
  timeline_.at(fail_at, {SAGE_EVENT_MARK, 0, "fault"});
  timeline_.at(fail_at, {SAGE_EVENT_FAULT, 0, kind, target});
  timeline_.at(heal_at, {SAGE_EVENT_MARK, 0, "after"});
  timeline_.at(heal_at, {SAGE_EVENT_HEAL, 0, kind, target});
}

std::unique_ptr<sage::Operator> HeteroResilience::open_operator(std::string_view name, const sage::Json& config,
                                                                uint32_t /*replica*/, uint32_t /*replicas*/) {
  return operators::model_server::open_mix_operator(name, config);
}

size_t HeteroResilience::plan(std::span<sage_request> rows) {
  for (auto& row : rows) mix_.complete(row);
  timeline_.follow(rows);
  return rows.size();
}

void HeteroResilience::settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) {
  check_.settle(rows, verdicts);
}

sage::Conclusion HeteroResilience::conclude() {
  auto conclusion = check_.conclude(*this, [this](sage_request& row) { mix_.complete(row); });
  conclusion.report["failure"] = failure_;
  std::string text;
  for (const auto& each : not_exercised_) text += (text.empty() ? "" : "; ") + each;
  conclusion.report["not_exercised"] = text.empty() ? "nothing" : text;
  return conclusion;
}

}  // namespace workloads::q5
