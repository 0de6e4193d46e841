#include "backend.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "control.hpp"

namespace threads {
namespace {

Policy read_policy(std::string_view scheduler, int64_t spin_ns) {
  if (scheduler.empty() || scheduler == "default" || scheduler == "fifo") return {{}, false, spin_ns};
  if (scheduler == "priority") return {{.by_priority = true}, false, spin_ns};
  if (scheduler == "slo_aware") return {{.by_deadline = true}, false, spin_ns};
  if (scheduler == "hybrid") return {{.by_priority = true, .by_deadline = true}, false, spin_ns};
  if (scheduler == "load_aware") return {{}, true, spin_ns};
  throw sage::Failure(SAGE_INVALID,
                      "backend threads has no scheduler '" + std::string(scheduler) +
                          "'; --scheduler must be fifo, priority, slo_aware, hybrid, load_aware or default (fifo)");
}

// Of the whole process: the runtime has none of its own.
uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long pages = 0;
  const int fields = std::fscanf(file, "%*u %llu", &pages);
  std::fclose(file);
  return fields == 1 ? pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

// A thread that is still inside an operator reads its runtime when it comes back, so that is kept until the process
// ends. Never destroyed, static destructors would run beside that thread.
void keep_for_ever(std::unique_ptr<Runtime> runtime) {
  static auto& kept = *new std::vector<std::unique_ptr<Runtime>>;
  kept.push_back(std::move(runtime));
}

}  // namespace

ThreadsBackend::ThreadsBackend(sage::Host host, std::string_view /*id*/, const sage::Json& options)
    : host_(host),
      inline_(options.value("inline", false)),
      spin_ns_(static_cast<int64_t>(options.value("spin_us", 0.0) * 1e3)),
      close_grace_ns_(static_cast<int64_t>(options.value("close_grace_s", 5.0) * 1e9)) {}

ThreadsBackend::~ThreadsBackend() {
  ThreadsBackend::close();
  if (left_behind_) keep_for_ever(std::move(runtime_));
}

void ThreadsBackend::open(const sage_run& run) {
  if (run.nodes != 1)
    throw sage::Failure(SAGE_INVALID, "backend threads runs in one process, not on " + std::to_string(run.nodes) +
                                          " nodes; use --nodes 1, or a backend with the capability 'nodes'");
  const auto policy = read_policy(sage::view(run.scheduler), spin_ns_);
  if (inline_) {
    host_.set_metadata("no_digests", "inline executes nothing");
    return;
  }
  runtime_ = std::make_unique<Runtime>(host_, run, policy);
  runtime_->start();
}

size_t ThreadsBackend::submit(std::span<const sage_request> rows) {
  return inline_ ? complete_at_once(rows) : runtime_->submit(rows);
}

// A few ns a request: what is measured is the host.
size_t ThreadsBackend::complete_at_once(std::span<const sage_request> rows) {
  for (size_t done = 0; done < rows.size();) {
    const size_t count = std::min(rows.size() - done, null_rows_.size());
    for (size_t r = 0; r < count; ++r) null_rows_[r].id = rows[done + r].id;
    host_.complete({null_rows_.data(), count});
    done += count;
  }
  return rows.size();
}

void ThreadsBackend::control(const sage_event& event) {
  if (!runtime_) throw sage::Failure(SAGE_UNSUPPORTED, "backend threads has no workers with --set inline=true");
  threads::control(*runtime_, event);
}

bool ThreadsBackend::drain(int64_t timeout_ns) { return !runtime_ || runtime_->drain(timeout_ns); }

void ThreadsBackend::close() {
  if (!runtime_ || std::exchange(closed_, true)) return;
  left_behind_ = !runtime_->close(close_grace_ns_);
  if (left_behind_)
    host_.log(SAGE_LOG_ERROR,
              "an operator did not return within close_grace_s; its thread and its memory are left "
              "behind until the process ends");
}

void ThreadsBackend::cancel(std::span<const uint64_t> ids) {
  if (runtime_) runtime_->cancel(ids);
}

sage_stats ThreadsBackend::stats() {
  const auto work = runtime_ ? runtime_->work() : Stage::Work{};
  node_ = sage::node_stats(0, static_cast<double>(work.busy_ns), static_cast<double>(work.workers));
  return {sizeof(sage_stats), 0, resident_bytes(), nodes_, 1, nullptr, 0};
}

}  // namespace threads
