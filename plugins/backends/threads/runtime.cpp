#include "runtime.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace threads {

namespace {

constexpr uint64_t workers_max = 4000;  // the host has 4096 lanes, one a completing thread

// A class without an objective comes after all that have one, in order of arrival.
std::vector<int64_t> read_slos(const sage_run& run) {
  constexpr int64_t day_ns = 86'400'000'000'000;
  std::vector<int64_t> slos;
  for (uint64_t c = 0; c < run.n_classes; ++c)
    slos.push_back(run.classes[c]->slo_response_ns > 0 ? run.classes[c]->slo_response_ns : day_ns);
  return slos;
}

}  // namespace

Runtime::Runtime(sage::Host host, const sage_run& run, Policy policy)
    : host_(host),
      graph_(read_graph(run)),
      slo_ns_(read_slos(run)),
      pool_(static_cast<size_t>(run.max_in_flight), graph_.max_steps),
      arrived_(graph_.stages.size()) {
  uint64_t workers = 0;
  for (const auto& plan : graph_.stages) workers += plan.parallelism;
  if (workers > workers_max)
    throw sage::Failure(SAGE_INVALID, "backend threads would need " + std::to_string(workers) +
                                          " threads, and the host takes results from " + std::to_string(workers_max) +
                                          " at most; lower --parallelism");
  for (const auto& plan : graph_.stages)
    stages_.push_back(std::make_unique<Stage>(*this, plan, *run.operators, policy));
}

void Runtime::start() {
  for (auto& stage : stages_) stage->start();
}

size_t Runtime::submit(std::span<const sage_request> rows) {
  for (const auto& row : rows)
    if (row.pipeline >= graph_.pipelines.size())
      throw sage::Failure(SAGE_INVALID, "request " + std::to_string(row.seq) + " names pipeline " +
                                            std::to_string(row.pipeline) + " of " +
                                            std::to_string(graph_.pipelines.size()) + "; correct the workload's plan");
  taken_.resize(rows.size());
  const size_t count = pool_.take(taken_);
  // A batch enters a stage under one lock.
  for (size_t r = 0; r < count; ++r) {
    auto& task = *taken_[r];
    const auto& pipeline = graph_.pipelines[rows[r].pipeline];
    task.begin(rows[r], pipeline, rows[r].due_ns + slo_ns_[rows[r].class_id]);
    for (size_t s = 0; s < pipeline.size(); ++s)
      if (pipeline[s].inputs.empty()) arrived_[pipeline[s].stage].push(task.jobs[s]);
  }
  for (size_t s = 0; s < stages_.size(); ++s)
    if (!arrived_[s].empty()) stages_[s]->push(std::exchange(arrived_[s], {}));
  return count;
}

void Runtime::finished(Job& job, bool ok, Scratch& scratch) {
  auto& task = *job.task;
  if (!ok) task.failed.store(true, std::memory_order_relaxed);
  const auto& step = (*task.pipeline)[job.step];
  // Every step leads to the last one, so that one becomes ready only when all others have ended, failed ones too. The
  // task is ours until we count the last of our consumers down.
  if (step.consumers.empty()) return complete(task, scratch);
  for (const uint32_t consumer : step.consumers) {
    auto& next = task.jobs[consumer];
    if (next.missing.fetch_sub(1, std::memory_order_acq_rel) != 1) continue;
    if (task.failed.load(std::memory_order_relaxed)) {
      finished(next, false, scratch);  // passes by without executing; as deep as the pipeline at most
    } else {
      JobList ready;
      ready.push(next);
      stages_[graph_.pipelines[task.request.pipeline][consumer].stage]->push(ready);
    }
  }
}

void Runtime::complete(Task& task, Scratch& scratch) {
  const auto& pipeline = *task.pipeline;
  const auto id = task.request.id;
  auto begun_ns = std::numeric_limits<int64_t>::max();
  int64_t ended_ns = 0;
  scratch.spans.clear();
  scratch.rows.clear();
  for (size_t s = 0; s < pipeline.size(); ++s) {
    const auto& job = task.jobs[s];
    if (!job.executed) continue;
    scratch.spans.push_back(
        {id, job.begin_ns, job.end_ns, static_cast<uint16_t>(pipeline[s].stage), static_cast<uint16_t>(s), 0, 0});
    begun_ns = std::min(begun_ns, job.begin_ns);
    ended_ns = std::max(ended_ns, job.end_ns);
    if (job.first_ns == 0) continue;
    auto& partial = scratch.rows.emplace_back();
    partial.id = id;
    partial.at_ns = job.first_ns;
    partial.flags = SAGE_COMPLETION_PARTIAL;
    partial.units = 1;
  }
  if (scratch.spans.empty()) begun_ns = 0;
  for (auto& partial : scratch.rows) partial.begun_ns = begun_ns;

  const auto& last = task.jobs[pipeline.size() - 1];
  auto& end = scratch.rows.emplace_back();
  end.id = id;
  end.at_ns = ended_ns;
  end.begun_ns = begun_ns;
  if (task.failed.load(std::memory_order_relaxed)) {
    end.status = task.cancelled() ? SAGE_DONE_CANCELLED : SAGE_DONE_ERROR;
  } else {
    end.digest = last.digest;
    end.result = {last.output.data(), last.output.size()};
    end.units = last.units;
  }
  if (!scratch.spans.empty()) host_.spans(scratch.spans);
  host_.complete(scratch.rows);
  pool_.release(task);
}

Stage& Runtime::stage(std::string_view name) {
  std::string names;
  for (auto& stage : stages_) {
    if (stage->plan().name == name) return *stage;
    names += (names.empty() ? "" : ", ") + stage->plan().name;
  }
  throw sage::Failure(SAGE_INVALID, "no stage '" + std::string(name) + "'; the stages are: " + names);
}

Stage::Work Runtime::work() {
  Stage::Work total;
  for (auto& stage : stages_) {
    const auto work = stage->work();
    total.busy_ns += work.busy_ns;
    total.workers += work.workers;
  }
  return total;
}

bool Runtime::close(int64_t grace_ns) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(grace_ns);
  for (auto& stage : stages_) stage->begin_close();
  bool all_gone = true;
  for (auto& stage : stages_) all_gone = stage->finish_close(deadline) && all_gone;
  return all_gone;
}

}  // namespace threads
