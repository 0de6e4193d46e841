#include "stage.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "runtime.hpp"

namespace threads {
namespace {

using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC, which is the host's clock too

void pause_cpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

Stage::Stage(Runtime& runtime, const StagePlan& plan, const sage_operators& operators, Policy policy)
    : runtime_(runtime), plan_(plan), operators_(operators), policy_(policy) {
  if (plan_.keyed())
    for (uint32_t g = 0; g < key_group_count; ++g) groups_[g].replica = Replica(operators_, plan_, g, key_group_count);
  else
    for (uint32_t w = 0; w < plan_.parallelism; ++w)
      first_replicas_.emplace_back(operators_, plan_, w, plan_.parallelism);
}

void Stage::start() {
  const std::lock_guard lock(mutex_);
  workers_.resize(plan_.parallelism);
  for (uint32_t w = 0; w < plan_.parallelism; ++w) {
    auto& worker = launch(w, nullptr, plan_.keyed() ? Replica() : std::move(first_replicas_[w]));
    worker.ready = true;  // whole from the start: the first requests find every worker
  }
  first_replicas_.clear();
  if (plan_.keyed()) rebalance();
}

void Stage::push(JobList jobs) {
  const std::lock_guard lock(mutex_);
  while (Job* job = jobs.pop()) {
    job->arrival = arrivals_++;
    if (plan_.keyed()) job->group = group_of(*job, plan_.key_by);
    place(*job);
  }
}

void Stage::place(Job& job) {
  if (!plan_.keyed()) {
    queue_.push(job, policy_.order);
    if (!idle_.empty()) wake_one();
    return;
  }
  auto& group = groups_[job.group];
  if (group.moving() || !group.parked.empty()) {
    group.parked.push(job);
  } else if (group.owner == nullptr) {
    queue_.push(job, policy_.order);
  } else {
    group.owner->queue.push(job, policy_.order);
    if (std::erase(idle_, group.owner) != 0) group.owner->wake.notify_one();
  }
}

// The one that fell asleep last has the warmest caches; spreading trades them for even work.
void Stage::wake_one() {
  auto chosen = std::prev(idle_.end());
  if (policy_.spread)
    chosen = std::min_element(idle_.begin(), idle_.end(),
                              [](const Worker* a, const Worker* b) { return a->busy_ns() < b->busy_ns(); });
  (*chosen)->wake.notify_one();
  idle_.erase(chosen);
}

void Stage::enlist(Worker& worker) {
  ConfirmationPtr confirmation;  // let go of after the lock
  const std::lock_guard lock(mutex_);
  if (worker.ready || worker.leaving != Leaving::no || closing_) return;
  worker.ready = true;
  if (plan_.keyed()) rebalance();
  confirmation = std::move(worker.confirmation);
}

Job* Stage::next(Worker& worker) {
  std::unique_lock lock(mutex_);
  give_back_group(worker);
  auto& queue = plan_.keyed() ? worker.queue : queue_;
  for (bool may_spin = policy_.spin_ns > 0;;) {
    if (closing_ || worker.leaving != Leaving::no) return nullptr;
    if (worker.frozen) {
      worker.wake.wait(lock);
      continue;
    }
    if (Job* job = queue.pop()) {
      take(worker, *job);
      return job;
    }
    if (may_spin) {
      // Not among the idle ones meanwhile, so nobody pays for waking it; it looks once more before it sleeps.
      lock.unlock();
      const auto until = Clock::now() + std::chrono::nanoseconds(policy_.spin_ns);
      while (queue.size() == 0 && !worker.attention.load(std::memory_order_acquire) && Clock::now() < until)
        pause_cpu();
      lock.lock();
      may_spin = false;
      continue;
    }
    idle_.push_back(&worker);
    worker.wake.wait(lock);
    std::erase(idle_, &worker);  // unless a push did
    may_spin = policy_.spin_ns > 0;
  }
}

void Stage::take(Worker& worker, const Job& job) {
  if (!plan_.keyed()) return;
  auto& group = groups_[job.group];
  group.busy = &worker;
  worker.group = job.group;
  worker.replica = std::move(group.replica);
}

void Stage::give_back_group(Worker& worker) {
  if (worker.group < 0) return;
  auto& group = groups_[static_cast<size_t>(worker.group)];
  worker.group = -1;
  if (group.busy != &worker) return;  // it was killed: the state is lost with it
  group.replica = std::move(worker.replica);
  group.busy = nullptr;
  auto parked = std::exchange(group.parked, {});
  while (Job* job = parked.pop()) place(*job);
}

Fate Stage::hold(Worker& worker, int64_t until_ns) {
  std::unique_lock lock(mutex_);
  const auto stopped = [&] { return closing_ || worker.leaving == Leaving::killed; };
  const Clock::time_point until{std::chrono::nanoseconds(until_ns)};
  worker.wake.wait_until(lock, until, stopped);
  worker.wake.wait(lock, [&] { return !worker.frozen || stopped(); });
  if (closing_) return Fate::drop;
  return worker.leaving == Leaving::killed ? Fate::fail : Fate::deliver;
}

Replica Stage::open_replica(const Worker& worker) {
  // Called by the worker's own thread, which alone changes `group`.
  if (plan_.keyed()) return {operators_, plan_, static_cast<uint32_t>(worker.group), key_group_count};
  uint32_t replicas = 0;
  {
    const std::lock_guard lock(mutex_);
    replicas = std::max(static_cast<uint32_t>(workers_.size()), worker.index + 1);
  }
  return {operators_, plan_, worker.index, replicas};
}

bool Stage::first_of_its_kind(sage_status status) {
  failures_.fetch_add(1, std::memory_order_relaxed);
  const auto bit = uint64_t{1} << std::clamp(status, 0, 63);
  return (reported_.fetch_or(bit, std::memory_order_relaxed) & bit) == 0;
}

void Stage::report_failure(sage_status status, uint64_t seq) {
  if (!first_of_its_kind(status)) return;
  runtime_.host().log(SAGE_LOG_WARNING, "stage '" + plan_.name + "': operator '" + plan_.operator_name +
                                            "' failed with status " + std::to_string(status) + " on request " +
                                            std::to_string(seq) + "; further failures like it are only counted");
}

void Stage::begin_close() {
  std::vector<ConfirmationPtr> unfinished;  // let go of after the lock
  const std::lock_guard lock(mutex_);
  closing_ = true;
  for (const auto* list : {&workers_, &departed_})
    for (const auto& worker : *list) {
      if (!worker) continue;
      if (worker->confirmation) {
        worker->confirmation->fail("the run ended before stage '" + plan_.name + "' had done it");
        unfinished.push_back(std::move(worker->confirmation));
      }
      worker->attention.store(true, std::memory_order_release);
      worker->wake.notify_all();
    }
}

bool Stage::closing() {
  const std::lock_guard lock(mutex_);
  return closing_;
}

bool Stage::finish_close(Clock::time_point deadline) {
  {
    std::unique_lock lock(mutex_);
    const auto is_gone = [](const auto& worker) { return !worker || worker->gone; };
    abandoned_ = !gone_.wait_until(lock, deadline, [&] {
      return std::all_of(workers_.begin(), workers_.end(), is_gone) &&
             std::all_of(departed_.begin(), departed_.end(), is_gone);
    });
    for (auto* list : {&workers_, &departed_})
      for (auto& worker : *list) {
        if (!worker) continue;
        worker->gone ? worker->thread.join() : worker->thread.detach();
      }
    if (!abandoned_) groups_ = {};  // closes their operator instances while the workload is there
  }
  if (const auto failures = failures_.load(std::memory_order_relaxed); failures > 1)
    runtime_.host().log(SAGE_LOG_WARNING,
                        "stage '" + plan_.name + "': " + std::to_string(failures) + " executions failed in all");
  return !abandoned_;
}

Stage::Work Stage::work() {
  const std::lock_guard lock(mutex_);
  Work work{departed_busy_ns_, 0};
  for (const auto* list : {&workers_, &departed_})
    for (const auto& worker : *list)
      if (worker) work.busy_ns += worker->busy_ns();
  for (const auto& worker : workers_) work.workers += worker && worker->ready ? 1 : 0;
  return work;
}

}  // namespace threads
