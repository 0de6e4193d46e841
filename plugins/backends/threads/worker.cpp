#include "worker.hpp"

#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>

#include "runtime.hpp"
#include "stage.hpp"

namespace threads {
namespace {

void prepare_thread(const std::string& stage, uint32_t index) {
  // Linux keeps 15 characters: enough to tell the stages apart in top -H and perf.
  const auto name = stage.substr(0, 11) + ':' + std::to_string(index);
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  // Holds end on time: the default slack of 50 us is of the size of the shortest ones.
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

}  // namespace

Worker::Worker(Runtime& runtime, Stage& stage, uint32_t number, Replica instance)
    : index(number), replica(std::move(instance)), runtime_(runtime), stage_(stage) {}

void Worker::serve() {
  prepare_thread(stage_.plan().name, index);
  if (stage_.plan().keyed() || replica.open() || open_replica()) {
    stage_.enlist(*this);
    while (Job* job = stage_.next(*this)) {
      const auto fate = execute(*job);
      if (fate == Fate::drop) break;
      runtime_.finished(*job, fate == Fate::deliver, scratch_);
    }
  }
  stage_.leave(*this);
}

bool Worker::open_replica() {
  try {
    replica = stage_.open_replica(*this);
    return true;
  } catch (const sage::Failure& failure) {
    stage_.open_failed(*this, failure);
    return false;
  }
}

Fate Worker::execute(Job& job) {
  auto& task = *job.task;
  // Another branch failed, or nobody waits: nothing left to do.
  if (task.failed.load(std::memory_order_relaxed) || task.cancelled()) return Fate::fail;
  // A key group that died with a worker starts again empty.
  if (!replica.open() && !open_replica()) return Fate::fail;

  task.gather(job.step, scratch_.inputs);
  const sage_op_input in{sizeof(sage_op_input), job.step, &task.request, scratch_.inputs.data(),
                         scratch_.inputs.size()};
  sage_op_output out{};
  out.struct_size = sizeof(out);
  job.executed = true;
  job.begin_ns = runtime_.host().now_ns();
  const auto status = replica.run(in, out);
  if (attention.load(std::memory_order_acquire) && stage_.closing()) return Fate::drop;  // the host may be gone
  const auto returned_ns = runtime_.host().now_ns();
  job.end_ns = returned_ns;

  const auto hold_ns = status == SAGE_OK ? out.hold_ns : 0;
  auto fate = Fate::deliver;
  if (hold_ns > 0 || attention.load(std::memory_order_acquire)) {
    // What the result points to stays valid meanwhile: the operator is not called.
    fate = stage_.hold(*this, returned_ns + hold_ns);
    job.end_ns = runtime_.host().now_ns();
  }
  busy_ns_.store(busy_ns() + job.end_ns - job.begin_ns, std::memory_order_relaxed);
  if (fate == Fate::deliver && status != SAGE_OK) {
    stage_.report_failure(status, task.request.seq);
    fate = Fate::fail;
  }
  if (fate == Fate::deliver) {
    const auto result = sage::view(out.result);
    job.output.assign(result.begin(), result.end());
    job.digest = out.digest;
    job.units = out.units;
    if (const auto first_ns = sage::first_token_ns(out, job.begin_ns, returned_ns); first_ns != 0)
      job.first_ns = first_ns;
  }
  return fate;
}

}  // namespace threads
