#include "records/parity_plan.hpp"

#include <sage/plugin.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

namespace host::records {

std::vector<uint64_t> deterministic_shuffle(uint64_t n, uint64_t seed) {
  std::vector<uint64_t> items(n);
  std::iota(items.begin(), items.end(), uint64_t{0});
  uint64_t state = seed;
  for (uint64_t i = n; i-- > 1;) {
    state += 0x9e3779b97f4a7c15ULL;
    const auto scaled = static_cast<unsigned __int128>(sage::Draw::mix(state)) * (i + 1);
    std::swap(items[i], items[static_cast<uint64_t>(scaled >> 64)]);
  }
  return items;
}

ParityPlan make_parity_plan(uint64_t requests, uint64_t warmup, uint64_t batch_size, uint64_t seed) {
  ParityPlan plan;
  plan.warmup.resize(std::min(warmup, requests));
  std::iota(plan.warmup.begin(), plan.warmup.end(), uint64_t{0});
  plan.measured = deterministic_shuffle(requests - plan.warmup.size(), seed);
  for (auto& seq : plan.measured) seq += plan.warmup.size();
  const auto size = std::max<uint64_t>(batch_size, 1);
  for (uint64_t at = 0; at < plan.measured.size(); at += size) {
    const auto first = plan.measured.begin() + static_cast<std::ptrdiff_t>(at);
    const auto last = plan.measured.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, plan.measured.size()));
    plan.batches.emplace_back(first, last);
  }
  return plan;
}

}  // namespace host::records
