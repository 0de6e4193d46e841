#include "mock/drivers.hpp"

#include <algorithm>

#include "mock/cluster.hpp"

namespace mock {

// By number in turn; by key where a stage keeps state by it, so that requests of one key stay in their order.
void Drivers::take(int64_t now_ns, uint32_t slot, const sage_request& row) {
  const auto& steps = topology_.pipelines[row.pipeline].steps;
  const bool by_key = std::ranges::any_of(
      steps, [&](const StepSpec& step) { return topology_.stages[step.stage].key_by == SAGE_KEY_REQUEST; });
  auto& free_ns = free_ns_[by_key ? worker_for(row.key, free_ns_.size()) : row.seq % free_ns_.size()];
  free_ns = std::max(free_ns, now_ns) + cost_ns_;
  leaving_.push({free_ns, order_++, slot});
}

uint32_t Drivers::leave() {
  const auto slot = leaving_.top().slot;
  leaving_.pop();
  return slot;
}

}  // namespace mock
