// One thread that executes a stage's operator, and what the stage knows about it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <thread>
#include <vector>

#include "confirmation.hpp"
#include "job_queue.hpp"
#include "replica.hpp"
#include "task.hpp"

namespace threads {

class Runtime;
class Stage;

// Buffers that a worker's thread reuses from job to job.
struct Scratch {
  std::vector<sage_bytes> inputs;
  std::vector<sage_span> spans;
  std::vector<sage_completion> rows;
};

// What becomes of an execution.
enum class Fate : uint8_t {
  deliver,  // its result counts
  fail,     // the operator failed, or its worker was killed: the request ends as an error
  drop,     // the runtime closes: nothing more is said about the request
};

enum class Leaving : uint8_t { no, retired, killed };

class Worker {
 public:
  // `replica` may be empty; the thread then opens its own before it takes part (keyed stages: from each key group).
  Worker(Runtime& runtime, Stage& stage, uint32_t index, Replica replica = {});
  // The stage's lock is held: the thread first runs into it.
  void start() { thread = std::thread(&Worker::serve, this); }

  const uint32_t index;
  std::thread thread;

  // Guarded by the stage's lock.
  bool ready = false;  // takes part
  bool frozen = false;
  bool gone = false;  // the thread touches nothing any more: join it
  Leaving leaving = Leaving::no;
  int32_t group = -1;            // keyed stages: the key group of the job it executes
  JobQueue queue;                // keyed stages: jobs of the groups it owns
  std::vector<Replica> doomed;   // key groups that died with it, to be closed by its thread
  ConfirmationPtr confirmation;  // let go of when it takes part, or is gone
  std::condition_variable wake;

  // Set with any of the above that its thread must notice after an execution: look under the lock.
  std::atomic<bool> attention{false};
  // The operator instance it executes with. Keyed stages: lent by the key group from job to job.
  Replica replica;

  [[nodiscard]] int64_t busy_ns() const { return busy_ns_.load(std::memory_order_relaxed); }

 private:
  void serve();
  bool open_replica();
  Fate execute(Job& job);

  Runtime& runtime_;
  Stage& stage_;
  Scratch scratch_;
  std::atomic<int64_t> busy_ns_{0};  // written by its thread only
};

}  // namespace threads
