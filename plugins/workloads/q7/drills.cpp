#include "workloads/q7/drills.hpp"

#include <algorithm>
#include <array>

namespace workloads::q7 {
namespace {

struct Kind {
  std::string_view drill;
  std::string_view change;
};
// In the order in which all of them are run: a node that was added is there to move a stage to, and goes last.
constexpr std::array kinds = {Kind{"scale-out", "add-node"}, Kind{"move-stage", "move-stage"},
                              Kind{"parallelism", "parallelism"}, Kind{"rolling", "replace-worker"},
                              Kind{"scale-in", "remove-node"}};

std::string listed() {
  std::string text;
  for (const auto& kind : kinds) text += (text.empty() ? "" : ", ") + std::string(kind.drill);
  return text;
}

uint64_t workers(const Deployment& d, const std::string& stage) {
  return stage == d.stage && d.moved != 0 ? d.moved : d.parallelism * d.nodes;
}

// The drill's changes, and what is different afterwards.
std::vector<sage::Event> changes(std::string_view drill, Deployment& d) {
  const auto change = [](const char* target, sage::Json args) {
    return sage::Event{SAGE_EVENT_RECONFIGURE, 0, target, std::move(args)};
  };
  if (drill == "scale-out") {
    ++d.nodes;
    ++d.next_node;
    return {change("add-node", sage::Json::object())};
  }
  if (drill == "scale-in") {
    --d.nodes;
    return {change("remove-node", {{"node", d.next_node - 1}})};
  }
  if (drill == "parallelism") {  // there and back
    if (d.moved != 0) d.moved = d.parallelism;
    return {change("parallelism", {{"stage", d.stage}, {"value", 2 * d.parallelism}}),
            change("parallelism", {{"stage", d.stage}, {"value", d.parallelism}})};
  }
  if (drill == "move-stage") {
    d.moved = workers(d, d.stage);
    return {change("move-stage", {{"stage", d.stage}, {"node", d.next_node - 1}}),
            change("move-stage", {{"stage", d.stage}, {"node", 0}})};
  }
  std::vector<sage::Event> rolling;
  for (const auto& stage : d.all)
    for (uint64_t worker = 0; worker < workers(d, stage); ++worker)
      rolling.push_back(change("replace-worker", {{"stage", stage}, {"worker", worker}}));
  return rolling;
}

// Why the drill cannot be done; empty if it can.
std::string objection(const Kind& kind, const std::vector<std::string>& capabilities, const Deployment& d) {
  const auto capability = "reconfigure." + std::string(kind.change);
  if (std::find(capabilities.begin(), capabilities.end(), capability) == capabilities.end())
    return "the backend lacks " + capability;
  if (kind.drill == "move-stage" && d.nodes < 2) return "needs two nodes; use --nodes 2, or scale-out before it";
  if (kind.drill == "scale-in" && d.nodes < 2) return "needs two nodes; use --nodes 2, or scale-out before it";
  return "";
}

std::vector<std::string> split(const std::string& names) {
  std::vector<std::string> out;
  for (size_t at = 0; at <= names.size();) {
    const auto end = std::min(names.find(',', at), names.size());
    out.push_back(names.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

}  // namespace

Drills choose_drills(const std::string& names, bool skip, const std::vector<std::string>& capabilities,
                     Deployment deployment) {
  std::vector<std::string> wanted;
  if (names.empty())
    for (const auto& kind : kinds) wanted.emplace_back(kind.drill);
  else
    wanted = split(names);
  Drills drills;
  std::string possible;
  for (const auto& name : wanted) {
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& k) { return k.drill == name; });
    if (kind == kinds.end())
      throw sage::Failure(SAGE_INVALID, "q7 has no drill '" + name + "'; --drill takes " + listed());
    if (auto why = objection(*kind, capabilities, deployment); !why.empty()) {
      if (!names.empty() && !skip) {
        for (const auto& k : kinds)
          if (objection(k, capabilities, deployment).empty())
            possible += (possible.empty() ? "" : ",") + std::string(k.drill);
        throw sage::Failure(SAGE_INVALID, "drill " + name + ": " + why + "; use --skip-unsupported" +
                                              (possible.empty() ? "" : " or --drill " + possible));
      }
      drills.left_out.push_back(name + ": " + why);
      continue;
    }
    drills.chosen.push_back({name, changes(name, deployment)});
  }
  return drills;
}

}  // namespace workloads::q7
