// The workload's own operators, executed at the simulated instant at which a step ends; they cost no simulated time.
//
// A step that a fault ends early has therefore had no effect, and state survives a fault. The simulation runs one
// operator at a time, so a stateless stage needs a single instance; a keyed one gets as many as it has replicas at the
// start, each for the keys that hash to it, and keeps them whatever is reconfigured.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <vector>

#include "mock/topology.hpp"

namespace mock {

class Operators {
 public:
  // Throws sage::Failure when an operator cannot be opened. `run` and `topology` outlive this.
  Operators(const sage_run& run, const Topology& topology);
  ~Operators();
  Operators(const Operators&) = delete;
  Operators& operator=(const Operators&) = delete;

  struct Result {
    bool ok = false;
    uint64_t digest = 0;
    uint32_t units = 0;
  };
  // The output is copied and kept for `task` until its next run. The tasks of a request are consecutive.
  Result run(uint32_t task, const StepSpec& spec, uint32_t step, uint64_t route, const sage_request& request);
  [[nodiscard]] sage_bytes output(uint32_t task) const;
  [[nodiscard]] size_t memory_bytes() const;

 private:
  void close() noexcept;

  sage_operators table_;
  std::vector<std::vector<void*>> instances_;    // by stage
  std::vector<std::vector<std::byte>> outputs_;  // by task; their memory is reused
  std::vector<sage_bytes> inputs_;               // of the current run
};

}  // namespace mock
