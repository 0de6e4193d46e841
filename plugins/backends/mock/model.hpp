// The simulation: requests that walk their pipelines through the cluster. Time is given by the caller and never goes
// back. Not thread-safe.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "mock/cluster.hpp"
#include "mock/drivers.hpp"
#include "mock/operators.hpp"
#include "mock/options.hpp"
#include "mock/outbox.hpp"
#include "mock/requests.hpp"
#include "mock/service_times.hpp"
#include "mock/topology.hpp"

namespace mock {

// What a scheduler's name stands for. Without any of these: first come, first served, by the longest idle replica.
struct Policy {
  bool by_priority = false;
  bool by_deadline = false;  // due + the class's objective; with by_priority, within a priority
  bool by_load = false;      // the idle replica whose node executes least for its speed
};

class Model {
 public:
  // `run` outlives the model. Throws sage::Failure when the run cannot be modelled.
  Model(sage::Host host, const Options& options, const sage_run& run);

  // How many of the first rows were taken.
  size_t submit(int64_t now_ns, std::span<const sage_request> rows);
  void control(int64_t now_ns, const sage_event& event);
  // Everything that happens up to and including until_ns; returns when something happens next, INT64_MAX = never.
  int64_t play(int64_t until_ns);
  [[nodiscard]] uint64_t outstanding() const { return outstanding_; }
  [[nodiscard]] std::span<const NodeWork> work() { return cluster_.work(); }
  [[nodiscard]] size_t memory_bytes() const;

 private:
  [[nodiscard]] bool admits(const PipelineSpec& pipeline) const;
  void begin(int64_t now_ns, uint32_t slot);
  void enter(int64_t now_ns, uint32_t slot, uint32_t step);
  void first_token(const Happening& happening);
  void finished(const Happening& happening);
  void lost(int64_t now_ns, const Lost& lost);
  struct End {
    int32_t status = SAGE_DONE_OK;
    uint32_t node = 0;
    uint64_t digest = 0;
    sage_bytes result{};
    uint32_t units = 0;
  };
  void end(int64_t now_ns, uint32_t slot, const End& how);
  void release_if_idle(uint32_t slot);
  void confirm();
  [[nodiscard]] const PipelineSpec& pipeline_of(uint32_t slot) {
    return topology_.pipelines[requests_[slot].row.pipeline];
  }
  [[nodiscard]] uint64_t route(uint32_t slot, uint32_t step);
  [[nodiscard]] uint32_t node_of_inputs(uint32_t slot, const StepSpec& step);

  const Options options_;
  const Topology topology_;
  const ServiceTimes service_times_;
  const Policy policy_;
  const std::vector<int64_t> slo_ns_;  // by class
  Drivers drivers_;
  Cluster cluster_;
  Requests requests_;
  std::unique_ptr<Operators> operators_;  // null = timing only
  Outbox outbox_;
  uint64_t outstanding_ = 0;  // taken, not ended
};

}  // namespace mock
