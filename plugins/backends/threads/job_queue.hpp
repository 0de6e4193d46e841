// Queues of jobs, linked through the jobs themselves: unbounded without allocating. Not thread-safe; a stage's lock
// guards them.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "task.hpp"

namespace threads {

// First in, first out.
class JobList {
 public:
  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  void push(Job& job) {
    job.next = nullptr;
    (first_ == nullptr ? first_ : last_->next) = &job;
    last_ = &job;
  }
  Job* pop() {
    Job* job = first_;
    if (job != nullptr) first_ = job->next;
    return job;
  }

 private:
  Job* first_ = nullptr;
  Job* last_ = nullptr;
};

// The most urgent level first (0), within a level first in, first out. A push or pop is O(1): a bit for each level
// says whether it holds anything.
class JobQueue {
 public:
  void push(Job& job, uint8_t level) {
    levels_[level].push(job);
    occupied_[level / 64] |= uint64_t{1} << level % 64;
    size_.store(size() + 1, std::memory_order_relaxed);
  }
  Job* pop() {
    for (size_t word = 0; word < occupied_.size(); ++word) {
      if (occupied_[word] == 0) continue;
      const auto bit = static_cast<size_t>(std::countr_zero(occupied_[word]));
      auto& level = levels_[word * 64 + bit];
      Job* job = level.pop();
      if (level.empty()) occupied_[word] &= ~(uint64_t{1} << bit);
      size_.store(size() - 1, std::memory_order_relaxed);
      return job;
    }
    return nullptr;
  }
  // May be read without the lock, as a hint: a spinning worker does.
  [[nodiscard]] size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  std::array<JobList, 256> levels_;
  std::array<uint64_t, 4> occupied_{};
  std::atomic<size_t> size_{0};
};

}  // namespace threads
