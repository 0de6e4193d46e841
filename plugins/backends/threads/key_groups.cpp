#include "key_groups.hpp"

#include <algorithm>

namespace threads {
namespace {

// The first 8 bytes, little endian; what is missing counts as zero.
uint64_t key_of_bytes(sage_bytes bytes) {
  uint64_t key = 0;
  const auto* data = static_cast<const uint8_t*>(bytes.ptr);
  for (uint64_t i = 0; i < std::min<uint64_t>(8, bytes.size); ++i) key |= uint64_t{data[i]} << 8 * i;
  return key;
}

sage_bytes first_input(const Job& job) {
  const auto& task = *job.task;
  const auto& inputs = (*task.pipeline)[job.step].inputs;
  if (inputs.empty()) return task.request.payload;
  const auto& output = task.jobs[inputs.front()].output;
  return {output.data(), output.size()};
}

}  // namespace

uint16_t group_of(const Job& job, uint32_t key_by) {
  const auto key = key_by == SAGE_KEY_REQUEST ? job.task->request.key : key_of_bytes(first_input(job));
  return static_cast<uint16_t>(sage::Draw::mix(key) % key_group_count);  // mixed: keys are often consecutive
}

void assign(KeyGroups& groups, std::span<Worker* const> workers) {
  for (size_t g = 0; g < groups.size(); ++g)
    groups[g].owner = workers.empty() ? nullptr : workers[g * workers.size() / groups.size()];
}

}  // namespace threads
