#include "graph.hpp"

#include <algorithm>

namespace threads {
namespace {

PipelinePlan read_pipeline(const sage_pipeline& pipeline, size_t n_stages) {
  const auto invalid = [&](const std::string& what) {
    return sage::Failure(SAGE_INVALID, "pipeline '" + std::string(sage::view(pipeline.name)) + "': " + what +
                                           "; correct the workload's pipelines");
  };
  if (pipeline.n_steps == 0) throw invalid("has no steps");
  if (pipeline.n_steps > UINT16_MAX) throw invalid("has more than 65535 steps");
  PipelinePlan steps(pipeline.n_steps);
  for (uint32_t s = 0; s < pipeline.n_steps; ++s) {
    const auto& from = *pipeline.steps[s];
    if (from.stage >= n_stages) throw invalid("step " + std::to_string(s) + " names a stage that does not exist");
    steps[s].stage = from.stage;
    steps[s].inputs.assign(from.inputs, from.inputs + from.n_inputs);
    for (const uint32_t input : steps[s].inputs) {
      if (input >= s) throw invalid("step " + std::to_string(s) + " takes the output of a step that is not before it");
      steps[input].consumers.push_back(s);
    }
  }
  // A step without consumers besides the last would still run when the request has ended.
  const auto ends = std::count_if(steps.begin(), steps.end(), [](const auto& step) { return step.consumers.empty(); });
  if (ends != 1) throw invalid("the output of every step but the last must be taken by a later one");
  return steps;
}

}  // namespace

Graph read_graph(const sage_run& run) {
  Graph graph;
  for (uint64_t s = 0; s < run.n_stages; ++s) {
    const auto& stage = *run.stages[s];
    graph.stages.push_back({std::string(sage::view(stage.name)), std::string(sage::view(stage.operator_name)),
                            std::string(sage::view(stage.config)), stage.key_by,
                            std::max(1U, stage.parallelism != 0 ? stage.parallelism : run.parallelism)});
  }
  for (uint64_t p = 0; p < run.n_pipelines; ++p) {
    graph.pipelines.push_back(read_pipeline(*run.pipelines[p], graph.stages.size()));
    graph.max_steps = std::max(graph.max_steps, graph.pipelines.back().size());
  }
  return graph;
}

}  // namespace threads
