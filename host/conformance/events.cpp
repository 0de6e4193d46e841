#include "conformance/events.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace host::conformance {
namespace {

using nlohmann::json;

struct Kind {
  const char* capability;
  const char* args;        // on two nodes, with stages s0 and s1
  const char* impossible;  // null: nothing about it can be wrong
};

// In an order in which each finds what it needs: a node is added before one is removed, and that is the one.
constexpr Kind kinds[] = {
    {"fault.freeze-worker", R"({"stage":"s0","worker":0})", R"({"stage":"s0","worker":999})"},
    {"fault.kill-worker", R"({"stage":"s0","worker":0})", R"({"stage":"none","worker":0})"},
    {"fault.slow-node", R"({"node":1,"factor":2})", R"({"node":999,"factor":2})"},
    {"fault.drop-link", R"({"node":1})", R"({"node":999})"},
    {"fault.freeze-node", R"({"node":1})", R"({"node":999})"},
    {"fault.kill-node", R"({"node":1})", R"({"node":999})"},
    {"reconfigure.parallelism", R"({"stage":"s0","value":3})", R"({"stage":"none","value":3})"},
    {"reconfigure.replace-worker", R"({"stage":"s0","worker":0})", R"({"stage":"s0","worker":999})"},
    {"reconfigure.move-stage", R"({"stage":"s1","node":0})", R"({"stage":"s1","node":999})"},
    {"reconfigure.add-node", R"({"speed":1})", nullptr},
    {"reconfigure.remove-node", R"({"node":2})", R"({"node":999})"},
};

bool claims(const catalog::Manifest& backend, std::string_view capability) {
  return std::ranges::find(backend.capabilities, capability) != backend.capabilities.end();
}

bool concerns_nodes(std::string_view target) {
  return target.ends_with("node") || target == "move-stage" || target == "drop-link";
}

Events make(const catalog::Manifest& backend, bool of_nodes, double gap_s, const char* Kind::*args, bool heals) {
  Events out;
  auto rows = json::array();
  double at_s = gap_s;
  for (const auto& kind : kinds) {
    if (!claims(backend, kind.capability) || kind.*args == nullptr) continue;
    const std::string_view name = kind.capability;
    const bool fault = name.starts_with("fault.");
    const auto target = name.substr(name.find('.') + 1);
    if (concerns_nodes(target) != of_nodes) continue;
    auto given = json::parse(kind.*args);
    // Where none can be added it is one of the first two.
    if (heals && target == "remove-node" && !claims(backend, "reconfigure.add-node")) given["node"] = 1;
    rows.push_back({{"at_s", at_s}, {"kind", fault ? "fault" : "reconfigure"}, {"target", target}, {"args", given}});
    at_s += gap_s;
    if (!fault || !heals) continue;
    rows.push_back({{"at_s", at_s}, {"kind", "heal"}, {"target", target}, {"args", given}});
    at_s += gap_s;
  }
  out.json = rows.dump();
  out.end_s = rows.empty() ? 0 : at_s;
  return out;
}

}  // namespace

Events claimed_events(const catalog::Manifest& backend, bool of_nodes, double gap_s) {
  return make(backend, of_nodes, gap_s, &Kind::args, true);
}
Events impossible_events(const catalog::Manifest& backend, bool of_nodes, double gap_s) {
  return make(backend, of_nodes, gap_s, &Kind::impossible, false);
}

}  // namespace host::conformance
