#include "mock/job_queue.hpp"

#include <algorithm>

namespace mock {

bool JobQueue::later(const Waiting& a, const Waiting& b) {
  if (a.job.level != b.job.level) return a.job.level > b.job.level;
  if (a.job.deadline_ns != b.job.deadline_ns) return a.job.deadline_ns > b.job.deadline_ns;
  return a.arrival > b.arrival;
}

void JobQueue::push(const Job& job) {
  ++size_;
  if (job.deadline_ns != 0) {
    heap_.push_back({job, arrivals_++});
    std::push_heap(heap_.begin(), heap_.end(), later);
    return;
  }
  if (job.level >= levels_.size()) levels_.resize(job.level + 1);
  auto& level = levels_[job.level];
  if (level.full()) level.set_capacity(std::max<size_t>(8, 2 * level.capacity()));
  level.push_back(job);
}

Job JobQueue::pop() {
  --size_;
  if (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Job job = heap_.back().job;
    heap_.pop_back();
    return job;
  }
  auto& level = *std::find_if(levels_.begin(), levels_.end(), [](const auto& jobs) { return !jobs.empty(); });
  const Job job = level.front();
  level.pop_front();
  return job;
}

size_t JobQueue::memory_bytes() const {
  size_t bytes = levels_.capacity() * sizeof(levels_[0]) + heap_.capacity() * sizeof(heap_[0]);
  for (const auto& level : levels_) bytes += level.capacity() * sizeof(Job);
  return bytes;
}

}  // namespace mock
