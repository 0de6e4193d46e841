// Workers that come and go while the stage runs: kill, revive, freeze, resize, replace.
#include <algorithm>
#include <system_error>

#include "runtime.hpp"
#include "stage.hpp"

namespace threads {

Worker& Stage::at(uint32_t index) {
  if (index >= workers_.size())
    throw sage::Failure(SAGE_INVALID, "stage '" + plan_.name + "' has no worker " + std::to_string(index) +
                                          "; it has workers 0 to " + std::to_string(workers_.size() - 1));
  if (!workers_[index])
    throw sage::Failure(SAGE_INVALID, "worker " + std::to_string(index) + " of stage '" + plan_.name +
                                          "' is dead; heal kill-worker first");
  return *workers_[index];
}

Worker& Stage::launch(uint32_t index, ConfirmationPtr confirmation, Replica replica) {
  auto& worker = workers_[index];
  worker = std::make_unique<Worker>(runtime_, *this, index, std::move(replica));
  worker->confirmation = std::move(confirmation);
  try {
    worker->start();
  } catch (const std::system_error& e) {
    worker.reset();  // without a thread there is nothing to wait for
    throw sage::Failure(SAGE_FAILED, "stage '" + plan_.name + "': thread " + std::to_string(index + 1) + " of " +
                                         std::to_string(workers_.size()) + " cannot be started: " + e.code().message() +
                                         "; lower --parallelism, or raise the limits on processes and memory");
  }
  return *worker;
}

// Returns the confirmation that this one supersedes: let go of it after the lock.
ConfirmationPtr Stage::dismiss(uint32_t index, Leaving how, ConfirmationPtr confirmation) {
  auto& worker = *workers_[index];
  worker.leaving = how;
  worker.ready = false;
  std::erase(idle_, &worker);
  worker.attention.store(true, std::memory_order_release);
  worker.wake.notify_all();
  departed_.push_back(std::move(workers_[index]));
  return std::exchange(worker.confirmation, std::move(confirmation));
}

void Stage::kill(uint32_t index, uint64_t event) {
  ConfirmationPtr superseded, confirmation;  // let go of after the lock
  const std::lock_guard lock(mutex_);
  reap();
  auto& worker = at(index);
  confirmation = std::make_shared<Confirmation>(runtime_.host(), event);
  for (auto& group : groups_) {
    if (group.busy == &worker)
      group.busy = nullptr;  // the instance is with the worker, and stays with it
    else if (group.owner == &worker && group.busy == nullptr)
      worker.doomed.push_back(std::move(group.replica));
  }
  superseded = dismiss(index, Leaving::killed, confirmation);
  plan_.keyed() ? rebalance() : wake_for_queue();
}

void Stage::revive(uint32_t index, uint64_t event) {
  ConfirmationPtr confirmation;
  const std::lock_guard lock(mutex_);
  reap();
  if (index >= workers_.size() || workers_[index])
    throw sage::Failure(SAGE_INVALID, "stage '" + plan_.name + "' has no dead worker " + std::to_string(index) +
                                          "; heal only a worker that was killed");
  confirmation = std::make_shared<Confirmation>(runtime_.host(), event);
  launch(index, confirmation);
}

void Stage::freeze(uint32_t index, bool frozen, uint64_t event) {
  ConfirmationPtr confirmation;
  const std::lock_guard lock(mutex_);
  // A worker that left while frozen can still be thawed: it then finishes what it has.
  const auto left = std::find_if(departed_.rbegin(), departed_.rend(), [&](const auto& worker) {
    return worker->index == index && worker->frozen && worker->leaving == Leaving::retired;
  });
  auto& worker = !frozen && left != departed_.rend() ? **left : at(index);
  confirmation = std::make_shared<Confirmation>(runtime_.host(), event);
  worker.frozen = frozen;
  worker.attention.store(frozen || worker.leaving != Leaving::no, std::memory_order_release);
  std::erase(idle_, &worker);
  worker.wake.notify_all();
  if (!plan_.keyed()) wake_for_queue();
}

void Stage::resize(uint32_t parallelism, uint64_t event) {
  std::vector<ConfirmationPtr> superseded;
  ConfirmationPtr confirmation;
  const std::lock_guard lock(mutex_);
  reap();
  confirmation = std::make_shared<Confirmation>(runtime_.host(), event);
  const auto before = static_cast<uint32_t>(workers_.size());
  for (uint32_t w = parallelism; w < before; ++w)
    if (workers_[w]) superseded.push_back(dismiss(w, Leaving::retired, confirmation));
  workers_.resize(parallelism);
  for (uint32_t w = before; w < parallelism; ++w) launch(w, confirmation);
  plan_.keyed() ? rebalance() : wake_for_queue();
}

void Stage::replace(uint32_t index, uint64_t event) {
  ConfirmationPtr superseded, confirmation;
  const std::lock_guard lock(mutex_);
  reap();
  at(index);
  confirmation = std::make_shared<Confirmation>(runtime_.host(), event);
  superseded = dismiss(index, Leaving::retired, confirmation);
  launch(index, confirmation);
  plan_.keyed() ? rebalance() : wake_for_queue();
}

// A push wakes one worker for each job; if that one was since frozen or dismissed, another must look.
void Stage::wake_for_queue() {
  for (auto jobs = queue_.size(); jobs > 0 && !idle_.empty(); --jobs) wake_one();
}

// Gives the key groups to the workers there are now, and every waiting job to its group's new owner, in the order in
// which they arrived. A group whose job is being executed moves when that is done; its jobs are parked until then.
void Stage::rebalance() {
  std::vector<Worker*> present;
  for (const auto& worker : workers_)
    if (worker && worker->ready) present.push_back(worker.get());
  assign(groups_, present);

  std::vector<Job*> waiting;
  const auto drain = [&](auto& queue) {
    while (Job* job = queue.pop()) waiting.push_back(job);
  };
  drain(queue_);
  for (const auto* list : {&workers_, &departed_})
    for (const auto& worker : *list)
      if (worker) drain(worker->queue);
  for (auto& group : groups_) drain(group.parked);
  std::sort(waiting.begin(), waiting.end(), [](const Job* a, const Job* b) { return a->arrival < b->arrival; });
  for (Job* job : waiting) place(*job);
}

void Stage::open_failed(Worker& worker, const sage::Failure& failure) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return;  // the host may be gone
    if (worker.leaving == Leaving::no && worker.confirmation) worker.confirmation->fail(failure.what());
  }
  if (first_of_its_kind(failure.status())) runtime_.host().log(SAGE_LOG_ERROR, failure.what());
}

void Stage::leave(Worker& worker) {
  ConfirmationPtr confirmation;
  std::vector<Replica> doomed;
  {
    const std::lock_guard lock(mutex_);
    if (abandoned_) return;  // the workload may be gone as well: leave its instances alone
    // One that could not open its operator: its place is free for another attempt.
    if (worker.leaving == Leaving::no && !closing_) departed_.push_back(std::move(workers_[worker.index]));
    confirmation = std::move(worker.confirmation);
    doomed = std::move(worker.doomed);
    doomed.push_back(std::move(worker.replica));
  }
  doomed.clear();
  confirmation.reset();
  const std::lock_guard lock(mutex_);
  worker.gone = true;
  gone_.notify_all();
}

// Threads that are gone end by themselves: joining them takes no time. So a soak with a kill a second does not grow.
void Stage::reap() {
  std::erase_if(departed_, [this](const auto& worker) {
    if (!worker->gone) return false;
    worker->thread.join();
    departed_busy_ns_ += worker->busy_ns();
    return true;
  });
}

}  // namespace threads
