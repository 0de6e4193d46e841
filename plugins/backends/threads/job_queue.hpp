// Queues of jobs. Not thread-safe; a stage's lock guards them.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <vector>

#include "task.hpp"

namespace threads {

// First in, first out; linked through the jobs themselves, so unbounded without allocating.
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

// What is served first. Without either, first in, first out.
struct Order {
  bool by_priority = false;  // the most urgent level, 0
  bool by_deadline = false;  // the earliest deadline; with by_priority, within a level
};

// The most urgent level first (0), within a level first in, first out, or by deadline. In order of arrival a push or
// pop is O(1): a bit for each level says whether it holds anything. By deadline it is O(log n), in a heap that keeps
// its memory.
class JobQueue {
 public:
  void push(Job& job, Order order) {
    const auto level = order.by_priority ? job.task->request.priority : uint8_t{0};
    if (order.by_deadline) {
      heap_.push_back({level, job.task->deadline_ns, job.arrival, &job});
      std::push_heap(heap_.begin(), heap_.end(), later);
    } else {
      levels_[level].push(job);
      occupied_[level / 64] |= uint64_t{1} << level % 64;
    }
    size_.store(size() + 1, std::memory_order_relaxed);
  }
  Job* pop() {
    if (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), later);
      Job* job = heap_.back().job;
      heap_.pop_back();
      size_.store(size() - 1, std::memory_order_relaxed);
      return job;
    }
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
  struct Waiting {
    uint8_t level;
    int64_t deadline_ns;
    uint64_t arrival;
    Job* job;
  };
  static bool later(const Waiting& a, const Waiting& b) {
    if (a.level != b.level) return a.level > b.level;
    if (a.deadline_ns != b.deadline_ns) return a.deadline_ns > b.deadline_ns;
    return a.arrival > b.arrival;
  }

  std::vector<Waiting> heap_;
  std::array<JobList, 256> levels_;
  std::array<uint64_t, 4> occupied_{};
  std::atomic<size_t> size_{0};
};

}  // namespace threads
