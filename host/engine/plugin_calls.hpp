// The two plugins of a run as C++ objects: each call is watched (see watch.hpp), its status becomes an Error.
#pragma once

#include <sage/abi.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "catalog/plugin.hpp"
#include "engine/description.hpp"
#include "engine/watch.hpp"

namespace host::engine {

// Text given through host->fail by this thread since the last call; for the error that follows.
void set_failure_text(std::string_view text);
std::string take_failure_text();

// Throws Error naming plugin, call and text unless `status` is SAGE_OK.
void check_status(sage_status status, const catalog::Plugin& plugin, Call call);

// What a node's own clock is like; none of its own: zeros.
struct NodeClock {
  int64_t offset_ns = 0;
  int64_t error_ns = 0;
};
NodeClock clock_of(const sage_node_stats& node);
// The largest error of all nodes' clocks.
int64_t clock_error_ns(const sage_stats& stats);

// Time a call may take before a supervisor gives the run up as hung.
inline constexpr int64_t call_limit_ns = 60'000'000'000;
inline constexpr int64_t submit_limit_ns = 30'000'000'000;  // of `submit` and `cancel`, which must not block
inline constexpr int64_t drain_grace_ns = 5'000'000'000;    // more than `drain` was given

class WorkloadCalls : public Description {
 public:
  void create(const catalog::Plugin& plugin, const sage_host* services, const nlohmann::json& config, CallWatch* watch);
  void destroy();

  // [feed]
  size_t plan(std::span<sage_request> rows);
  // Fills the control events due up to until_ns, checked, and returns how many; fewer than there is room for: no more
  // for now.
  size_t events(int64_t until_ns, std::span<sage_event> rows);
  // [settle]
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts);
  uint32_t conclude(nlohmann::json& report);
  // Only if `releases`.
  void release(std::span<const uint64_t> seqs);
  // [main] For as long as the host itself executes operators.
  [[nodiscard]] CallScope operating(int64_t limit_ns) const {
    return CallScope(watch_, CallThread::main, Call::operators, false, limit_ns);
  }
  [[nodiscard]] bool has_events() const { return SAGE_HAS(plugin_->table.workload, sage_workload, events); }
  [[nodiscard]] bool settles() const { return SAGE_HAS(plugin_->table.workload, sage_workload, settle); }
  [[nodiscard]] bool releases() const { return SAGE_HAS(plugin_->table.workload, sage_workload, release); }

  sage_operators operators{};
  uint64_t result_max = SAGE_RESULT_MAX;  // bytes of a result that it gets to judge
  std::string config_text;

 private:
  void describe();
  const catalog::Plugin* plugin_ = nullptr;
  CallWatch* watch_ = nullptr;
  void* self_ = nullptr;
  int64_t last_event_ns_ = 0;  // due, of those that `events` gave
};

class BackendCalls {
 public:
  void create(const catalog::Plugin& plugin, const sage_host* services, const nlohmann::json& config, CallWatch* watch);
  void destroy();

  void open(const sage_run& run, int64_t limit_ns);   // [main]
  size_t submit(std::span<const sage_request> rows);  // [feed]
  sage_status control(const sage_event& event);       // [feed] the caller judges the status
  bool drain(int64_t timeout_ns);                     // [main]
  void close();                                       // [main]
  int64_t advance(int64_t until_ns);                  // [feed]
  bool stats(sage_stats& out);                        // [settle] false: not offered
  [[nodiscard]] bool cancels() const { return SAGE_HAS(plugin_->table.backend, sage_backend, cancel); }
  void cancel(std::span<const uint64_t> ids);  // [feed] only if `cancels`
  // [any] While `open` has not returned: its limit begins again, up to ten times. False otherwise.
  bool alive();

 private:
  const catalog::Plugin* plugin_ = nullptr;
  CallWatch* watch_ = nullptr;
  void* self_ = nullptr;
  std::string config_text_;
  std::atomic<int64_t> open_limit_ns_{0};  // 0 = not in `open`
  std::atomic<int64_t> open_until_ns_{0};  // CLOCK_MONOTONIC; longer than that it cannot be extended
};

}  // namespace host::engine
