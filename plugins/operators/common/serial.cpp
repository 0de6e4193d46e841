#include "operators/common/serial.hpp"

#include <cstring>

namespace operators::common {

SerialBackend::SerialBackend(sage::Workload& workload, uint32_t replicas) : description_(workload.describe()) {
  for (const auto& spec : description_.stages) {
    auto& stage = stages_.emplace_back();
    stage.key_by = spec.key_by;
    for (uint32_t r = 0; r < replicas; ++r)
      stage.replicas.push_back(workload.open_operator(spec.operator_name, spec.config, r, replicas));
  }
}

sage::Operator& SerialBackend::replica(Stage& stage, const sage_request& request, sage_bytes first_input) {
  uint64_t key = stage.turn++;
  if (stage.key_by == SAGE_KEY_REQUEST) key = request.key;
  if (stage.key_by == SAGE_KEY_INPUT) {
    if (first_input.size < sizeof key)
      throw sage::Failure(SAGE_FAILED, "a stage keyed by its input got " + std::to_string(first_input.size) +
                                           " bytes; the key is the first 8 of the step before it");
    std::memcpy(&key, first_input.ptr, sizeof key);
  }
  return *stage.replicas[static_cast<size_t>(key % stage.replicas.size())];
}

SerialBackend::Result SerialBackend::run(const sage_request& request) {
  const auto& steps = description_.pipelines.at(request.pipeline).steps;
  std::vector<Result> results(steps.size());
  for (uint32_t s = 0; s < steps.size(); ++s) {
    std::vector<sage_bytes> inputs;
    for (const auto from : steps[s].inputs) inputs.push_back({results[from].bytes.data(), results[from].bytes.size()});
    if (inputs.empty()) inputs.push_back(request.payload);

    const sage_op_input in{sizeof(sage_op_input), s, &request, inputs.data(), inputs.size()};
    sage_op_output out{};
    out.struct_size = sizeof out;
    replica(stages_[steps[s].stage], request, inputs[0]).run(sage::OpInput(in), out);

    const auto bytes = sage::view(out.result);  // the operator's own until its next call
    results[s] = {{bytes.begin(), bytes.end()}, out.digest, out.units, out.hold_ns};
    if (s > 0) results[s].hold_ns += results[s - 1].hold_ns;
  }
  return std::move(results.back());
}

}  // namespace operators::common
