// The plugin: a sage::Backend over the runtime.
#pragma once

#include <sage/plugin.hpp>

#include <array>
#include <memory>
#include <string_view>

#include "runtime.hpp"

namespace threads {

class ThreadsBackend : public sage::Backend {
 public:
  ThreadsBackend(sage::Host host, std::string_view id, const sage::Json& options);
  ~ThreadsBackend() override;

  void open(const sage_run& run) override;
  size_t submit(std::span<const sage_request> rows) override;
  void control(const sage_event& event) override;
  bool drain(int64_t timeout_ns) override;
  void close() override;
  void cancel(std::span<const uint64_t> ids) override;
  sage_stats stats() override;

 private:
  size_t complete_at_once(std::span<const sage_request> rows);

  const sage::Host host_;
  const bool inline_;
  const int64_t spin_ns_;
  const int64_t close_grace_ns_;
  std::unique_ptr<Runtime> runtime_;  // absent when inline
  bool closed_ = false;
  bool left_behind_ = false;  // a thread of the runtime did not end
  std::array<sage_completion, 256> null_rows_{};
  sage_node_stats node_{};
  const sage_node_stats* nodes_[1] = {&node_};
};

}  // namespace threads
