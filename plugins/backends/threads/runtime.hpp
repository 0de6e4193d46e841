// The running pipelines: takes requests, sends each step to its stage when its inputs are there, and reports the end.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "graph.hpp"
#include "stage.hpp"
#include "task.hpp"
#include "worker.hpp"

namespace threads {

class Runtime {
 public:
  // [main] Opens every operator instance; throws sage::Failure.
  Runtime(sage::Host host, const sage_run& run, Policy policy);
  // [main] Starts the workers.
  void start();

  // [feed] How many of the first rows were taken.
  size_t submit(std::span<const sage_request> rows);
  // [feed] Their steps that have not begun are left out.
  void cancel(std::span<const uint64_t> ids) { pool_.cancel(ids); }
  // [feed] Throws sage::Failure with the names there are.
  Stage& stage(std::string_view name);

  // [main] True when everything taken has completed.
  bool drain(int64_t timeout_ns) { return pool_.wait_all_returned(timeout_ns); }
  // [main] Once. False when an operator did not return within the grace: this object must then never be destroyed.
  bool close(int64_t grace_ns);
  // [settle]
  Stage::Work work();

  // Worker threads: a step of a request has ended. The job may be reused by another request afterwards.
  void finished(Job& job, bool ok, Scratch& scratch);
  [[nodiscard]] const sage::Host& host() const { return host_; }

 private:
  void complete(Task& task, Scratch& scratch);

  const sage::Host host_;
  const Graph graph_;
  const std::vector<int64_t> slo_ns_;  // by class; without one the deadline is that of a day
  TaskPool pool_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::vector<Task*> taken_;      // [feed] of one call of submit
  std::vector<JobList> arrived_;  // [feed] by stage
};

}  // namespace threads
