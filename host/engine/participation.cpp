#include "engine/participation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <span>

namespace host::engine {

namespace {

bool has_all(const sage_node& node, const sage_stage& stage) {
  // NOLINTNEXTLINE(bugprone-sizeof-expression): the size of the pointer is meant
  if (!SAGE_HAS(&stage, sage_stage, needs)) return true;
  const std::span abilities(node.abilities, node.n_abilities);
  return std::ranges::all_of(std::span(stage.needs, stage.n_needs), [&](const sage_str& need) {
    return std::ranges::any_of(abilities, [&](const sage_str& has) { return sage::view(has) == sage::view(need); });
  });
}

// Stages whose work any node may be given that has what they need: keys choose the node of a keyed one, and there may
// be few of them. Where spans are told, those that were executed.
std::vector<const sage_stage*> open_stages(const Description& description, const records::RunResult& result) {
  const auto executed = [](const records::StageTimes& stage) { return !stage.service.empty(); };
  const bool told = std::ranges::any_of(result.stages, executed);
  std::vector<const sage_stage*> out;
  for (size_t i = 0; i < description.stages.size(); ++i)
    if (description.stages[i]->key_by == SAGE_KEY_NONE && (!told || executed(result.stages[i])))
      out.push_back(description.stages[i]);
  return out;
}

bool happened(const records::EventRecord& event) {
  return (event.kind == "fault" || event.kind == "reconfigure") && event.status != "failed";
}

// A worker may have been the last one of its stage on any node.
bool explains_any(const records::EventRecord& event) {
  return happened(event) && (event.target == "move-stage" || (event.kind == "fault" && event.args.contains("worker")));
}

bool explains(const records::EventRecord& event, uint32_t node) {
  return happened(event) && event.args.is_object() && event.args.value("node", nlohmann::json()) == node;
}

}  // namespace

std::vector<uint32_t> idle_nodes(const Description& description, uint32_t asked, uint32_t parallelism,
                                 const records::RunResult& result) {
  std::vector<uint32_t> out;
  if (asked < 2 || !result.cells) return out;
  const auto stages = open_stages(description, result);
  uint64_t workers = 0;  // of a stage on a node
  for (const auto* stage : stages)
    workers = std::max<uint64_t>(workers, stage->parallelism == 0 ? parallelism : stage->parallelism);
  const auto served = result.cells->sum().outcomes[static_cast<size_t>(metrics::Outcome::ok)];
  if (served < requests_a_worker_min * workers * asked || std::ranges::any_of(result.events, explains_any)) return out;
  const auto can_work = [&](uint32_t node) {
    return std::ranges::any_of(stages, [&](const sage_stage* stage) {
      return description.nodes.empty() || has_all(*description.nodes[node], *stage);
    });
  };
  for (const auto& n : result.nodes)
    if (n.node < asked && n.requests == 0 && can_work(n.node) &&
        std::ranges::none_of(result.events, [&](const auto& event) { return explains(event, n.node); }))
      out.push_back(n.node);
  return out;
}

std::string nodes_text(const std::vector<uint32_t>& nodes) {
  constexpr size_t most = 5;
  if (nodes.size() == 1) return fmt::format("node {}", nodes[0]);
  const auto shown = std::min(nodes.size() - 1, most);
  const auto first = fmt::format("{}", fmt::join(std::span(nodes).first(shown), ", "));
  return shown + 1 == nodes.size() ? fmt::format("nodes {} and {}", first, nodes.back())
                                   : fmt::format("nodes {} and {} others", first, nodes.size() - shown);
}

}  // namespace host::engine
