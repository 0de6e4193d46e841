#include "mock/job_queue.hpp"

#include <algorithm>

namespace mock {

void JobQueue::push(const Job& job) {
  if (job.level >= levels_.size()) levels_.resize(job.level + 1);
  auto& level = levels_[job.level];
  if (level.full()) level.set_capacity(std::max<size_t>(8, 2 * level.capacity()));
  level.push_back(job);
  ++size_;
}

Job JobQueue::pop() {
  auto& level = *std::find_if(levels_.begin(), levels_.end(), [](const auto& jobs) { return !jobs.empty(); });
  const Job job = level.front();
  level.pop_front();
  --size_;
  return job;
}

size_t JobQueue::memory_bytes() const {
  size_t bytes = levels_.capacity() * sizeof(levels_[0]);
  for (const auto& level : levels_) bytes += level.capacity() * sizeof(Job);
  return bytes;
}

}  // namespace mock
