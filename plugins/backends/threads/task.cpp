#include "task.hpp"

#include <algorithm>
#include <chrono>

namespace threads {
namespace {
// Tasks are made by the chunk when concurrency first needs them: all of max_in_flight at once would be 90 MB for
// pipelines of 14 steps, most of it never used.
constexpr size_t chunk_size = 256;
}  // namespace

void Task::begin(const sage_request& row, const PipelinePlan& plan, int64_t deadline) {
  request = row;
  id.store(row.id, std::memory_order_relaxed);
  deadline_ns = deadline;
  pipeline = &plan;
  failed.store(false, std::memory_order_relaxed);
  for (size_t s = 0; s < plan.size(); ++s) {
    auto& job = jobs[s];
    job.missing.store(static_cast<uint32_t>(plan[s].inputs.size()), std::memory_order_relaxed);
    job.executed = false;
    job.units = 0;
    job.first_ns = 0;
    job.digest = 0;
    job.output.clear();
  }
}

void Task::gather(uint32_t step, std::vector<sage_bytes>& inputs) const {
  inputs.clear();
  for (const uint32_t from : (*pipeline)[step].inputs)
    inputs.push_back({jobs[from].output.data(), jobs[from].output.size()});
  if (inputs.empty()) inputs.push_back(request.payload);
}

TaskPool::TaskPool(size_t capacity, size_t max_steps) : capacity_(capacity), max_steps_(max_steps) { grow(); }

void TaskPool::grow() {
  const size_t count = std::min(chunk_size, capacity_ - created_);
  auto& chunk = chunks_.emplace_back(std::make_unique<Task[]>(count));
  for (size_t t = count; t-- > 0;) {
    auto& task = chunk[t];
    task.jobs = std::make_unique<Job[]>(max_steps_);
    for (size_t s = 0; s < max_steps_; ++s) {
      task.jobs[s].task = &task;
      task.jobs[s].step = static_cast<uint16_t>(s);
    }
    task.next_free = free_;
    free_ = &task;
  }
  created_ += count;
}

size_t TaskPool::take(std::span<Task*> tasks) {
  const std::lock_guard lock(mutex_);
  size_t taken = 0;
  for (; taken < tasks.size(); ++taken) {
    if (free_ == nullptr && created_ < capacity_) grow();
    if (free_ == nullptr) break;
    tasks[taken] = free_;
    free_ = free_->next_free;
  }
  out_ += taken;
  return taken;
}

void TaskPool::release(Task& task) {
  const std::lock_guard lock(mutex_);
  task.next_free = free_;
  free_ = &task;
  if (--out_ == 0 && draining_) all_returned_.notify_all();
}

void TaskPool::cancel(std::span<const uint64_t> ids) {
  std::vector<uint64_t> sorted(ids.begin(), ids.end());
  std::ranges::sort(sorted);
  const std::lock_guard lock(mutex_);
  for (size_t t = 0; t < created_; ++t) {
    auto& task = chunks_[t / chunk_size][t % chunk_size];
    const auto id = task.id.load(std::memory_order_relaxed);
    if (std::ranges::binary_search(sorted, id)) task.cancelled_id.store(id, std::memory_order_relaxed);
  }
}

bool TaskPool::wait_all_returned(int64_t timeout_ns) {
  std::unique_lock lock(mutex_);
  draining_ = true;
  const bool returned =
      all_returned_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [this] { return out_ == 0; });
  draining_ = false;
  return returned;
}

}  // namespace threads
