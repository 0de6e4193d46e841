// The run's stages and pipelines as the runtime walks them: plain indices, copied and checked once at open.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace threads {

struct StagePlan {
  std::string name;
  std::string operator_name;
  std::string config;
  uint32_t key_by = SAGE_KEY_NONE;
  uint32_t parallelism = 1;
  [[nodiscard]] bool keyed() const { return key_by != SAGE_KEY_NONE; }
};

struct StepPlan {
  uint32_t stage = 0;
  std::vector<uint32_t> inputs;     // steps whose outputs this one takes; empty = the request's payload
  std::vector<uint32_t> consumers;  // steps that take this one's output, once for each time they take it
};

// In topological order; the last step is the only one without consumers.
using PipelinePlan = std::vector<StepPlan>;

struct Graph {
  std::vector<StagePlan> stages;
  std::vector<PipelinePlan> pipelines;
  size_t max_steps = 0;
};

// Throws sage::Failure(SAGE_INVALID) when an index or the shape of a pipeline is wrong.
Graph read_graph(const sage_run& run);

}  // namespace threads
