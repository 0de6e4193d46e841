#include "mock/control.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

namespace mock {
namespace {

using sage::Failure;

class Args {
 public:
  explicit Args(const sage_event& event) : target_(sage::view(event.target)) {
    const auto text = sage::view(event.args);
    json_ = text.empty() ? sage::Json::object() : sage::Json::parse(text, nullptr, false);
    if (!json_.is_object()) throw wrong("needs a JSON object as arguments");
  }
  [[nodiscard]] Failure wrong(const std::string& why) const {
    return {SAGE_INVALID, "mock: event '" + target_ + "' " + why};
  }
  [[nodiscard]] uint32_t index(const char* name) const {
    const auto found = json_.find(name);
    if (found == json_.end() || !found->is_number_integer() || *found < 0 || *found > 1'000'000)
      throw wrong("needs '" + std::string(name) + "', a number from 0");
    return found->get<uint32_t>();
  }
  [[nodiscard]] double number(const char* name, double otherwise) const {
    const auto found = json_.find(name);
    if (found == json_.end()) return otherwise;
    if (!found->is_number() || !(found->get<double>() > 0) || !std::isfinite(found->get<double>()))
      throw wrong("needs '" + std::string(name) + "' above 0");
    return found->get<double>();
  }
  [[nodiscard]] uint32_t stage(const Topology& topology) const {
    std::string names;
    for (uint32_t i = 0; i < topology.stages.size(); ++i) {
      const auto& name = topology.stages[i].name;
      if (json_.contains("stage") && json_["stage"] == name) return i;
      names += (i == 0 ? "" : ", ") + name;
    }
    throw wrong("needs 'stage', one of " + names);
  }

 private:
  std::string target_;
  sage::Json json_;
};

Fault read_fault(std::string_view target, bool heal, const Args& args, const Topology& topology) {
  Fault fault;
  fault.heal = heal;
  if (target.ends_with("-worker")) {
    fault.stage = args.stage(topology);
    fault.worker = args.index("worker");
  } else {
    fault.node = args.index("node");
  }
  if (target.starts_with("freeze-")) fault.kind = Fault::Kind::freeze;
  if (target == "drop-link") fault.kind = Fault::Kind::cut;
  if (target.starts_with("slow-")) {
    fault.kind = Fault::Kind::slow;
    fault.factor = args.number("factor", 4);
  }
  return fault;
}

Change read_change(std::string_view target, uint64_t event, const Args& args, const Topology& topology) {
  Change change;
  change.event = event;
  if (target == "parallelism") {
    change.stage = args.stage(topology);
    change.parallelism = args.index("value");
  } else if (target == "add-node") {
    change.kind = Change::Kind::add_node;
    change.speed = args.number("speed", 1);
  } else if (target == "move-stage") {
    change.kind = Change::Kind::move_stage;
    change.stage = args.stage(topology);
    change.node = args.index("node");
  } else if (target == "replace-worker") {
    change.kind = Change::Kind::replace_worker;
    change.stage = args.stage(topology);
    change.worker = args.index("worker");
  } else {
    change.kind = Change::Kind::remove_node;
    change.node = args.index("node");
  }
  return change;
}

}  // namespace

Control read_control(const sage_event& event, const Topology& topology) {
  const auto target = sage::view(event.target);
  const auto is_one_of = [&](std::initializer_list<std::string_view> kinds) {
    return std::find(kinds.begin(), kinds.end(), target) != kinds.end();
  };
  if (event.kind == SAGE_EVENT_FAULT || event.kind == SAGE_EVENT_HEAL) {
    if (is_one_of({"kill-worker", "freeze-worker", "kill-node", "freeze-node", "slow-node", "drop-link"}))
      return read_fault(target, event.kind == SAGE_EVENT_HEAL, Args(event), topology);
  } else if (event.kind == SAGE_EVENT_RECONFIGURE) {
    if (is_one_of({"parallelism", "add-node", "remove-node", "move-stage", "replace-worker"}))
      return read_change(target, event.id, Args(event), topology);
  }
  throw Failure(SAGE_UNSUPPORTED,
                "mock: no control event '" + std::string(target) +
                    "'; faults are kill-worker, freeze-worker, kill-node, freeze-node, slow-node and drop-link, "
                    "reconfigurations parallelism, add-node, remove-node, move-stage and replace-worker");
}

}  // namespace mock
