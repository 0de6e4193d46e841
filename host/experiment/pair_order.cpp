#include "experiment/pair_order.hpp"

#include "records/parity_plan.hpp"

namespace host::experiment {

std::vector<std::vector<size_t>> backend_orders(size_t backends, size_t blocks, uint64_t seed, uint64_t stream) {
  std::vector<std::vector<size_t>> orders;
  for (size_t block = 0; block < blocks; ++block) {
    if (block % 2 == 1) {
      const auto& before = orders.back();
      orders.emplace_back(before.rbegin(), before.rend());
      continue;
    }
    const auto drawn = records::deterministic_shuffle(backends, seed + (stream << 32) + block);
    orders.emplace_back(drawn.begin(), drawn.end());
  }
  return orders;
}

}  // namespace host::experiment
