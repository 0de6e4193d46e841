// A stage: its queue, its workers, and who may execute what. One lock guards all of it; it is held for a few
// instructions at a time and never while an operator or the host runs.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "graph.hpp"
#include "job_queue.hpp"
#include "key_groups.hpp"
#include "worker.hpp"

namespace threads {

struct Policy {
  Order order;          // in which a queue is served
  bool spread = false;  // wake the idle worker that has done least, not the one that fell asleep last
  int64_t spin_ns = 0;  // an idle worker looks for work this long before it sleeps
};

class Stage {
 public:
  // Opens the operator instances; throws sage::Failure.
  Stage(Runtime& runtime, const StagePlan& plan, const sage_operators& operators, Policy policy);
  void start();

  [[nodiscard]] const StagePlan& plan() const { return plan_; }
  // Any thread. The jobs' inputs are all there.
  void push(JobList jobs);
  void report_failure(sage_status status, uint64_t seq);

  // [feed] Control. Each throws sage::Failure naming the stage when there is no such worker, and answers the event
  // when its effect is real.
  void kill(uint32_t index, uint64_t event);
  void revive(uint32_t index, uint64_t event);
  void freeze(uint32_t index, bool frozen, uint64_t event);
  void resize(uint32_t parallelism, uint64_t event);
  // A new worker takes the place of one that finishes what it executes; keyed state is handed over.
  void replace(uint32_t index, uint64_t event);

  // [main] Tells every worker to stop, then waits for them: false when one did not return from its operator in time.
  // It is then on its own, and what it can touch (this, the runtime) must stay for ever.
  void begin_close();
  bool finish_close(std::chrono::steady_clock::time_point deadline);

  struct Work {
    int64_t busy_ns = 0;
    size_t workers = 0;
  };
  [[nodiscard]] Work work();

  // For its workers' threads.
  void enlist(Worker& worker);
  // The next job for the worker, waiting for one; the previous one is done with. Null: leave.
  Job* next(Worker& worker);
  // Keeps the worker occupied until then, and as long as it is frozen.
  Fate hold(Worker& worker, int64_t until_ns);
  [[nodiscard]] bool closing();
  Replica open_replica(const Worker& worker);
  void open_failed(Worker& worker, const sage::Failure& failure);
  void leave(Worker& worker);

 private:
  // The lock is held in all of these.
  Worker& at(uint32_t index);
  Worker& launch(uint32_t index, ConfirmationPtr confirmation, Replica replica = {});
  ConfirmationPtr dismiss(uint32_t index, Leaving how, ConfirmationPtr confirmation);
  void place(Job& job);
  void wake_one();
  void wake_for_queue();
  void take(Worker& worker, const Job& job);
  void give_back_group(Worker& worker);
  void rebalance();
  void reap();

  Runtime& runtime_;
  const StagePlan plan_;
  const sage_operators& operators_;
  const Policy policy_;
  std::vector<Replica> first_replicas_;  // opened by the constructor, until start

  std::mutex mutex_;
  JobQueue queue_;  // stateless stages: every job; keyed ones: only while there is no worker
  KeyGroups groups_;
  uint64_t arrivals_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;   // by index; null = killed
  std::vector<std::unique_ptr<Worker>> departed_;  // killed or retired, their threads perhaps still at work
  std::vector<Worker*> idle_;                      // asleep; the last one fell asleep last
  int64_t departed_busy_ns_ = 0;
  bool closing_ = false;
  bool abandoned_ = false;
  std::condition_variable gone_;

  // Counts a failure; true when none with this status was logged before.
  bool first_of_its_kind(sage_status status);
  std::atomic<uint64_t> failures_{0};
  std::atomic<uint64_t> reported_{0};  // a bit for each status that was logged
};

}  // namespace threads
