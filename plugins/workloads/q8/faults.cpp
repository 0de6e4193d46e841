#include "workloads/q8/faults.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace workloads::q8 {
namespace {

constexpr std::array<std::string_view, 6> known = {"kill-worker", "freeze-worker", "kill-node",
                                                   "freeze-node", "slow-node",     "drop-link"};

bool of_a_node(std::string_view kind) { return kind.find("node") != kind.npos || kind == "drop-link"; }

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> out;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');) out.push_back(word);
  return out;
}

// Why the kind cannot be had; empty if it can.
std::string objection(const FaultConfig& config, const std::string& kind, bool named) {
  const auto capability = "fault." + kind;
  if (std::find(config.capabilities.begin(), config.capabilities.end(), capability) == config.capabilities.end())
    return "the backend lacks " + capability;
  if (of_a_node(kind) && config.nodes < 2) return "needs a second node; use --nodes 2";
  if (kind == "kill-worker" && config.workers < 2) return "needs a second worker; use --parallelism 2";
  if (kind == "kill-node" && config.keeps_state && !named)
    return "would take the accounts along; use --transact-share 0, or name it in --faults";
  return "";
}

int64_t to_ns(double s) { return static_cast<int64_t>(s * 1e9); }

}  // namespace

FaultSchedule::FaultSchedule(const FaultConfig& config, uint64_t seed)
    : config_(config), which_(seed, "fault kind"), whom_(seed, "fault worker"), where_(seed, "fault place") {
  if (config.heal_after_s >= config.every_s)
    throw sage::Failure(SAGE_INVALID, "heal_after is " + std::to_string(config.heal_after_s) +
                                          " s, not below fault_every of " + std::to_string(config.every_s) +
                                          " s; lower it");
  const bool named = !config.kinds.empty();
  for (const auto& kind : named ? split(config.kinds) : std::vector<std::string>(known.begin(), known.end())) {
    if (std::find(known.begin(), known.end(), kind) == known.end())
      throw sage::Failure(
          SAGE_INVALID, "q8 has no fault '" + kind + "'; --faults takes " + [] {
            std::string all;
            for (const auto each : known) all += (all.empty() ? "" : ", ") + std::string(each);
            return all;
          }());
    const auto why = objection(config, kind, named);
    if (why.empty())
      kinds_.push_back(kind);
    else if (named)
      throw sage::Failure(SAGE_INVALID, "fault " + kind + ": " + why);
    else
      left_out_.push_back(kind + ": " + why);
  }
}

sage::Event FaultSchedule::fault(uint64_t n) const {
  const auto& kind = kinds_[which_.integer(n, 0, kinds_.size() - 1)];
  sage::Json args = sage::Json::object();
  if (of_a_node(kind)) {
    args["node"] = where_.integer(n, 1, config_.nodes - 1);  // the first one may be more than a node, as Ray's head
    if (kind == "slow-node") args["factor"] = config_.slow_factor;
  } else {
    args["stage"] = config_.stages[where_.integer(n, 0, config_.stages.size() - 1)];
    args["worker"] = whom_.integer(n, 0, config_.workers - 1);
  }
  return {SAGE_EVENT_FAULT, 0, kind, std::move(args)};
}

std::vector<sage::Event> FaultSchedule::due(int64_t begin_ns, int64_t until_ns) {
  std::vector<sage::Event> out;
  while (!kinds_.empty()) {
    if (heal_) {
      if (heal_->due_ns > until_ns) break;
      out.push_back(*std::exchange(heal_, std::nullopt));
    }
    // The first one leaves time for the baseline that recovery is measured against.
    const auto at_ns = begin_ns + static_cast<int64_t>(next_ + 1) * to_ns(config_.every_s);
    if (at_ns > until_ns) break;
    auto event = fault(next_++);
    event.due_ns = at_ns;
    out.push_back(event);
    event.kind = SAGE_EVENT_HEAL;
    event.due_ns = at_ns + to_ns(config_.heal_after_s);
    heal_ = std::move(event);
  }
  return out;
}

}  // namespace workloads::q8
