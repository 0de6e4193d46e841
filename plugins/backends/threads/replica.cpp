#include "replica.hpp"

namespace threads {

Replica::Replica(const sage_operators& operators, const StagePlan& stage, uint32_t index, uint32_t replicas) {
  const auto status =
      operators.open(operators.self, sage::str(stage.operator_name), sage::str(stage.config), index, replicas, &op_);
  if (status != SAGE_OK)
    throw sage::Failure(status, "stage '" + stage.name + "': the workload could not open operator '" +
                                    stage.operator_name + "' (status " + std::to_string(status) +
                                    "); check the workload's options");
  operators_ = &operators;
}

}  // namespace threads
