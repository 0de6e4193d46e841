#include "mock/operators.hpp"

#include "mock/cluster.hpp"

namespace mock {

Operators::Operators(const sage_run& run, const Topology& topology) {
  if (run.operators == nullptr)
    throw sage::Failure(SAGE_INVALID, "mock: the workload has no operators; use operators = false");
  table_ = *run.operators;
  for (const auto& stage : topology.stages) {
    auto& instances = instances_.emplace_back();
    const uint32_t count = stage.keyed() ? stage.parallelism * std::max(1U, run.nodes) : 1;
    for (uint32_t replica = 0; replica < count; ++replica) {
      void* instance = nullptr;
      const auto status =
          table_.open(table_.self, sage::str(stage.operator_name), sage::str(stage.config), replica, count, &instance);
      if (status != SAGE_OK) {
        close();
        throw sage::Failure(status, "mock: operator '" + stage.operator_name + "' of stage '" + stage.name +
                                        "' could not be opened; the workload's log says why");
      }
      instances.push_back(instance);
    }
  }
}

Operators::~Operators() { close(); }

void Operators::close() noexcept {
  for (const auto& instances : instances_)
    for (auto* instance : instances) table_.close(instance);
  instances_.clear();
}

Operators::Result Operators::run(uint32_t task, const StepSpec& spec, uint32_t step, uint64_t route,
                                 const sage_request& request) {
  inputs_.clear();
  for (const auto input : spec.inputs) inputs_.push_back(output(task - step + input));
  if (spec.inputs.empty()) inputs_.push_back(request.payload);
  const sage_op_input in{sizeof(sage_op_input), step, &request, inputs_.data(), inputs_.size()};
  sage_op_output out{};
  out.struct_size = sizeof(out);
  const auto& instances = instances_[spec.stage];
  const auto status = table_.run(instances[worker_for(route, instances.size())], &in, &out);
  if (status != SAGE_OK) return {};
  if (out.end_ns != 0)
    throw sage::Failure(
        SAGE_INVALID, "the operator of step " + std::to_string(step) +
                          " called something remote: it cannot be part of a run in virtual time; use another backend");
  if (task >= outputs_.size()) outputs_.resize(task + size_t{1});
  const auto result = sage::view(out.result);
  outputs_[task].assign(result.begin(), result.end());
  return {true, out.digest, out.units};
}

sage_bytes Operators::output(uint32_t task) const {
  if (task >= outputs_.size()) return {};
  return {outputs_[task].data(), outputs_[task].size()};
}

size_t Operators::memory_bytes() const {
  size_t bytes = outputs_.capacity() * sizeof(outputs_[0]);
  for (const auto& output : outputs_) bytes += output.capacity();
  return bytes;
}

}  // namespace mock
