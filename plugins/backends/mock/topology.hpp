// What a run deploys and what its requests go through: the tables of sage_run as plain, checked values.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace mock {

struct StageSpec {
  std::string name;
  std::string operator_name;
  std::string config;
  uint32_t parallelism = 1;  // replicas a node
  uint32_t key_by = SAGE_KEY_NONE;
  double cost_base_ns = 0;
  double cost_per_unit_in_ns = 0;
  double cost_per_unit_out_ns = 0;
  [[nodiscard]] bool keyed() const { return key_by != SAGE_KEY_NONE; }
};

struct StepSpec {
  uint32_t stage = 0;
  std::vector<uint32_t> inputs;  // steps; empty = the request's payload
  std::vector<uint32_t> next;    // steps that take this one's output, once for each time they do
};

struct PipelineSpec {
  std::vector<StepSpec> steps;  // in topological order; the last one's output is the result
  std::vector<uint32_t> roots;  // steps without inputs
};

struct NodeSpec {
  double speed = 1;
  std::vector<bool> runs;  // by stage: has what it needs
};

struct Topology {
  std::vector<StageSpec> stages;
  std::vector<PipelineSpec> pipelines;
  uint32_t steps_max = 1;       // of any pipeline
  std::vector<NodeSpec> nodes;  // empty = all alike
};

// Throws sage::Failure(SAGE_INVALID) when an index is out of range or a pipeline is not a DAG with one end.
Topology read_topology(const sage_run& run);

}  // namespace mock
