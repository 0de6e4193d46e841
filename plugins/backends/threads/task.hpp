// Requests in flight. A task and its buffers are pooled: once the pool has grown to the run's concurrency, a request
// allocates nothing.
#pragma once

#include <sage/plugin.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "graph.hpp"

namespace threads {

struct Task;

// One step of one request. It waits in one queue at a time, so the queue's link is part of it. Whoever holds the job
// (the queue's lock, the worker that popped it) may touch it; its results are read by the steps that take them, which
// start only after the last of their inputs is there.
struct Job {
  Job* next = nullptr;
  Task* task = nullptr;
  uint16_t step = 0;
  uint16_t group = 0;                // keyed stages: the key group
  std::atomic<uint32_t> missing{0};  // inputs that are not there yet
  uint64_t arrival = 0;              // position among all arrivals at the stage

  bool executed = false;
  uint32_t units = 0;
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  int64_t first_ns = 0;  // of the first token; 0 = none
  uint64_t digest = 0;
  std::vector<std::byte> output;  // keeps its capacity from request to request
};

struct Task {
  sage_request request{};
  int64_t deadline_ns = 0;  // by which its class wants the response
  const PipelinePlan* pipeline = nullptr;
  std::atomic<bool> failed{false};
  // Whose task it is, and the request that nobody waits for any more. Ids are never used again, so a task that has
  // meanwhile become another request's is not hit.
  std::atomic<uint64_t> id{0};
  std::atomic<uint64_t> cancelled_id{0};
  std::unique_ptr<Job[]> jobs;  // as many as the longest pipeline has steps
  Task* next_free = nullptr;

  [[nodiscard]] bool cancelled() const { return cancelled_id.load(std::memory_order_relaxed) == request.id; }
  void begin(const sage_request& row, const PipelinePlan& plan, int64_t deadline);
  // What the step's operator gets, written over `inputs`.
  void gather(uint32_t step, std::vector<sage_bytes>& inputs) const;
};

class TaskPool {
 public:
  TaskPool(size_t capacity, size_t max_steps);
  // [feed] Fills as much of `tasks` as there is room for.
  size_t take(std::span<Task*> tasks);
  // Any thread. Nothing of the task may be touched afterwards.
  void release(Task& task);
  // [feed] Those of these requests that are out are marked.
  void cancel(std::span<const uint64_t> ids);
  // False when tasks were still out after timeout_ns.
  bool wait_all_returned(int64_t timeout_ns);

 private:
  void grow();

  const size_t capacity_;
  const size_t max_steps_;
  std::mutex mutex_;
  std::condition_variable all_returned_;
  bool draining_ = false;
  std::vector<std::unique_ptr<Task[]>> chunks_;
  size_t created_ = 0;
  size_t out_ = 0;
  Task* free_ = nullptr;  // last in, first out: the task whose buffers are warm
};

}  // namespace threads
