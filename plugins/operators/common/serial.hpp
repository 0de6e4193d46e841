// Runs a workload's pipelines step by step in the calling thread: what any backend must agree with.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace operators::common {

class SerialBackend {
 public:
  struct Result {
    std::vector<std::byte> bytes;
    uint64_t digest = 0;
    uint32_t units = 0;
    int64_t hold_ns = 0;  // over all steps
  };

  // Opens `replicas` of every stage. The workload must outlive this.
  SerialBackend(sage::Workload& workload, uint32_t replicas);
  // Keyed stages by their key; stateless ones in turn. Throws what an operator throws.
  Result run(const sage_request& request);

 private:
  struct Stage {
    uint32_t key_by = SAGE_KEY_NONE;
    uint64_t turn = 0;
    std::vector<std::unique_ptr<sage::Operator>> replicas;
  };
  sage::Operator& replica(Stage& stage, const sage_request& request, sage_bytes first_input);
  const sage::Description& description_;
  std::vector<Stage> stages_;
};

}  // namespace operators::common
