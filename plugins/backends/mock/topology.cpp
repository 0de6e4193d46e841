#include "mock/topology.hpp"

#include <algorithm>

namespace mock {
namespace {

PipelineSpec read_pipeline(const sage_pipeline& source, size_t stage_count) {
  const auto broken = [&](const std::string& why) {
    return sage::Failure(SAGE_INVALID, "mock: pipeline '" + std::string(sage::view(source.name)) + "' " + why);
  };
  PipelineSpec pipeline;
  if (source.n_steps == 0) throw broken("has no steps");
  for (uint32_t index = 0; index < source.n_steps; ++index) {
    const auto& step = *source.steps[index];
    if (step.stage >= stage_count) throw broken("names a stage that does not exist");
    for (uint32_t i = 0; i < step.n_inputs; ++i) {
      if (step.inputs[i] >= index) throw broken("is not in topological order");
      pipeline.steps[step.inputs[i]].next.push_back(index);
    }
    if (step.n_inputs == 0) pipeline.roots.push_back(index);
    pipeline.steps.push_back({step.stage, std::vector<uint32_t>(step.inputs, step.inputs + step.n_inputs), {}});
  }
  for (uint32_t index = 0; index + 1 < source.n_steps; ++index)
    if (pipeline.steps[index].next.empty()) throw broken("has a step before the last whose output nobody takes");
  return pipeline;
}

bool has_all(const sage_node& node, const sage_stage& stage) {
  if (!SAGE_HAS(&stage, sage_stage, needs)) return true;
  for (uint64_t i = 0; i < stage.n_needs; ++i) {
    const auto* end = node.abilities + node.n_abilities;
    const auto need = sage::view(stage.needs[i]);
    if (std::none_of(node.abilities, end, [&](const sage_str& ability) { return sage::view(ability) == need; }))
      return false;
  }
  return true;
}

std::vector<NodeSpec> read_nodes(const sage_run& run) {
  std::vector<NodeSpec> nodes;
  if (!SAGE_HAS(&run, sage_run, node_descriptions)) return nodes;
  for (uint32_t n = 0; n < run.nodes; ++n) {
    const auto& source = *run.node_descriptions[n];
    auto& node = nodes.emplace_back(NodeSpec{source.speed, {}});
    for (uint64_t i = 0; i < run.n_stages; ++i) node.runs.push_back(has_all(source, *run.stages[i]));
  }
  for (uint64_t i = 0; i < run.n_stages; ++i)
    if (std::none_of(nodes.begin(), nodes.end(), [i](const NodeSpec& node) { return node.runs[i]; }))
      throw sage::Failure(SAGE_INVALID, "mock: no node has what stage '" +
                                            std::string(sage::view(run.stages[i]->name)) +
                                            "' needs; give one to a class of nodes");
  return nodes;
}

}  // namespace

Topology read_topology(const sage_run& run) {
  Topology topology;
  for (uint64_t i = 0; i < run.n_stages; ++i) {
    const auto& stage = *run.stages[i];
    topology.stages.push_back({std::string(sage::view(stage.name)), std::string(sage::view(stage.operator_name)),
                               std::string(sage::view(stage.config)),
                               stage.parallelism != 0 ? stage.parallelism : std::max(1U, run.parallelism), stage.key_by,
                               stage.cost_base_ns, stage.cost_per_unit_in_ns, stage.cost_per_unit_out_ns});
  }
  for (uint64_t i = 0; i < run.n_pipelines; ++i) {
    topology.pipelines.push_back(read_pipeline(*run.pipelines[i], topology.stages.size()));
    topology.steps_max = std::max(topology.steps_max, run.pipelines[i]->n_steps);
  }
  topology.nodes = read_nodes(run);
  return topology;
}

}  // namespace mock
