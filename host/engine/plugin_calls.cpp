#include "engine/plugin_calls.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/json_text.hpp"
#include "base/quote.hpp"
#include "engine/clock.hpp"

namespace host::engine {

namespace {

constexpr uint64_t list_max = 1 << 16;  // stages, say, of a description
constexpr int64_t extended_max = 10;    // times that `open` may say that it goes on

thread_local std::string failure_text;

std::string_view text_of(sage_str s) { return {s.ptr == nullptr ? "" : s.ptr, static_cast<size_t>(s.size)}; }

// What a backend's manifest has to name for that event.
std::string capability_of(const sage_event& event) {
  return fmt::format("{}.{}", event.kind == SAGE_EVENT_RECONFIGURE ? "reconfigure" : "fault", text_of(event.target));
}
sage_str to_str(std::string_view s) { return {s.data(), s.size()}; }

// What a call of the plugin returns. No exception may cross the boundary: one that does is the plugin's failure.
template <class Body>
sage_status status_of(const catalog::Plugin& plugin, Call call, Body&& body) {
  const auto crossed = [&](std::string_view what) {
    return base::Error(base::Exit::failed,
                       fmt::format("{} of '{}' let an exception out, which no plugin may: {}; report it to its author",
                                   to_string(call, plugin.manifest.kind == catalog::PluginKind::backend),
                                   plugin.manifest.id, base::one_line(what)));
  };
  failure_text.clear();  // of an operator, say, that failed within a call that did not
  try {
    return body();
  } catch (const std::exception& e) {
    throw crossed(e.what());
  } catch (...) {
    throw crossed("of no known type");
  }
}

template <class Body>
void make_call(const catalog::Plugin& plugin, Call call, Body&& body) {
  check_status(status_of(plugin, call, body), plugin, call);
}

template <class T>
std::vector<const T*> read_list(void* self, sage_status (*list)(void*, const T* const**, uint64_t*),
                                const catalog::Plugin& plugin) {
  const T* const* items = nullptr;
  uint64_t n = 0;
  make_call(plugin, Call::describe, [&] { return list(self, &items, &n); });
  if (n > list_max || (n != 0 && items == nullptr))
    throw base::Error(base::Exit::failed,
                      fmt::format("plugin '{}': its description has a broken list", plugin.manifest.id));
  return {items, items + n};
}

void* create_instance(const catalog::Plugin& plugin, const sage_host* services, const std::string& config,
                      CallWatch* watch, bool backend) {
  void* self = nullptr;
  const CallScope scope(watch, CallThread::main, Call::create, backend, call_limit_ns);
  make_call(plugin, Call::create,
            [&] { return plugin.table.create(services, to_str(plugin.manifest.id), to_str(config), &self); });
  return self;
}

}  // namespace

NodeClock clock_of(const sage_node_stats& node) {
  if (!SAGE_HAS_FIELD(&node, sage_node_stats, clock_error_ns)) return {};
  return {node.clock_offset_ns, std::max<int64_t>(0, node.clock_error_ns)};
}

int64_t clock_error_ns(const sage_stats& stats) {
  int64_t largest = 0;
  for (uint64_t i = 0; i < stats.n_nodes; ++i) largest = std::max(largest, clock_of(*stats.nodes[i]).error_ns);
  return largest;
}

void set_failure_text(std::string_view text) { failure_text = text; }
std::string take_failure_text() { return std::exchange(failure_text, {}); }

void check_status(sage_status status, const catalog::Plugin& plugin, Call call) {
  if (status == SAGE_OK) return;
  auto text = take_failure_text();
  if (text.empty()) text = fmt::format("status {} without a text", status);
  const auto exit = status == SAGE_INVALID       ? base::Exit::usage
                    : status == SAGE_UNAVAILABLE ? base::Exit::unavailable
                                                 : base::Exit::failed;
  throw base::Error(exit,
                    fmt::format("{} of '{}': {}", to_string(call, plugin.manifest.kind == catalog::PluginKind::backend),
                                plugin.manifest.id, text));
}

void WorkloadCalls::create(const catalog::Plugin& plugin, const sage_host* services, const nlohmann::json& config,
                           CallWatch* watch) {
  plugin_ = &plugin;
  watch_ = watch;
  config_text = config.dump();
  self_ = create_instance(plugin, services, config_text, watch, false);
  describe();
  check_description(*this, plugin.manifest.id);
}

void WorkloadCalls::describe() {
  const CallScope scope(watch_, CallThread::main, Call::describe, false, call_limit_ns);
  const auto& table = *plugin_->table.workload;
  stages = read_list(self_, table.stages, *plugin_);
  pipelines = read_list(self_, table.pipelines, *plugin_);
  classes = read_list(self_, table.classes, *plugin_);
  static constexpr sage_tenant only{sizeof(sage_tenant), 0, {"default", 7}};
  if (SAGE_HAS(&table, sage_workload, tenants))
    tenants = read_list(self_, table.tenants, *plugin_);
  else
    tenants = {&only};
  if (SAGE_HAS(&table, sage_workload, nodes)) nodes = read_list(self_, table.nodes, *plugin_);
  operators.struct_size = sizeof(operators);
  make_call(*plugin_, Call::describe, [&] { return table.operators(self_, &operators); });
  if (!SAGE_HAS(&operators, sage_operators, open) || !SAGE_HAS(&operators, sage_operators, run) ||
      !SAGE_HAS(&operators, sage_operators, close))
    throw base::Error(base::Exit::failed,
                      fmt::format("workload '{}' gives no operators: open, run or close is missing; report it to its "
                                  "author",
                                  plugin_->manifest.id));
  if (SAGE_HAS_FIELD(&table, sage_workload, result_max) && table.result_max != 0) result_max = table.result_max;
  if (result_max > SAGE_RESULT_MAX_POSSIBLE)
    throw base::Error(base::Exit::failed,
                      fmt::format("workload '{}' asks for results of {} bytes, up to {} are possible; report it to its "
                                  "author",
                                  plugin_->manifest.id, result_max, SAGE_RESULT_MAX_POSSIBLE));
}

void WorkloadCalls::destroy() {
  if (self_ == nullptr) return;
  const CallScope scope(watch_, CallThread::main, Call::destroy, false, call_limit_ns);
  plugin_->table.destroy(std::exchange(self_, nullptr));
}

size_t WorkloadCalls::plan(std::span<sage_request> rows) {
  const CallScope scope(watch_, CallThread::feed, Call::plan, false, call_limit_ns);
  uint64_t filled = 0;
  make_call(*plugin_, Call::plan,
            [&] { return plugin_->table.workload->plan(self_, rows.data(), rows.size(), &filled); });
  if (filled > rows.size())
    throw base::Error(base::Exit::failed,
                      fmt::format("workload '{}' planned {} rows of {}", plugin_->manifest.id, filled, rows.size()));
  return static_cast<size_t>(filled);
}

size_t WorkloadCalls::events(int64_t until_ns, std::span<sage_event> rows) {
  if (!SAGE_HAS(plugin_->table.workload, sage_workload, events)) return 0;
  const CallScope scope(watch_, CallThread::feed, Call::events, false, call_limit_ns);
  uint64_t filled = 0;
  make_call(*plugin_, Call::events,
            [&] { return plugin_->table.workload->events(self_, until_ns, rows.data(), rows.size(), &filled); });
  if (filled > rows.size())
    throw base::Error(base::Exit::failed,
                      fmt::format("workload '{}' gave {} events of {}", plugin_->manifest.id, filled, rows.size()));
  last_event_ns_ = check_events(rows.first(filled), last_event_ns_, plugin_->manifest.id);
  return static_cast<size_t>(filled);
}

void WorkloadCalls::settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) {
  const CallScope scope(watch_, CallThread::settle, Call::settle, false, call_limit_ns);
  make_call(*plugin_, Call::settle,
            [&] { return plugin_->table.workload->settle(self_, rows.data(), rows.size(), verdicts.data()); });
}

uint32_t WorkloadCalls::conclude(nlohmann::json& report) {
  if (!SAGE_HAS(plugin_->table.workload, sage_workload, conclude)) return SAGE_VERDICT_UNCHECKED;
  const CallScope scope(watch_, CallThread::settle, Call::conclude, false, call_limit_ns);
  uint32_t verdict = SAGE_VERDICT_UNCHECKED;
  sage_str text{};
  make_call(*plugin_, Call::conclude, [&] { return plugin_->table.workload->conclude(self_, &verdict, &text); });
  if (text.size != 0) report = base::parse_json(text_of(text), base::json_part_depth_max);
  if (report.is_discarded())
    report = nlohmann::json{{"error", "the workload's report is not JSON, or nested too deep"}};
  return verdict;
}

void WorkloadCalls::release(std::span<const uint64_t> seqs) {
  const CallScope scope(watch_, CallThread::settle, Call::release, false, call_limit_ns);
  make_call(*plugin_, Call::release, [&] { return plugin_->table.workload->release(self_, seqs.data(), seqs.size()); });
}

void BackendCalls::create(const catalog::Plugin& plugin, const sage_host* services, const nlohmann::json& config,
                          CallWatch* watch) {
  plugin_ = &plugin;
  watch_ = watch;
  config_text_ = config.dump();
  self_ = create_instance(plugin, services, config_text_, watch, true);
}

void BackendCalls::destroy() {
  if (self_ == nullptr) return;
  const CallScope scope(watch_, CallThread::main, Call::destroy, true, call_limit_ns);
  plugin_->table.destroy(std::exchange(self_, nullptr));
}

void BackendCalls::open(const sage_run& run, int64_t limit_ns) {
  open_until_ns_.store(monotonic_ns() + extended_max * limit_ns);
  open_limit_ns_.store(limit_ns);
  const CallScope scope(watch_, CallThread::main, Call::open, true, limit_ns);
  make_call(*plugin_, Call::open, [&] {
    const auto status = plugin_->table.backend->open(self_, &run);
    open_limit_ns_.store(0);
    return status;
  });
}

bool BackendCalls::alive() {
  const auto limit_ns = open_limit_ns_.load();
  if (limit_ns == 0) return false;
  CallScope::extend(watch_, CallThread::main, Call::open, std::min(monotonic_ns() + limit_ns, open_until_ns_.load()));
  return true;
}

void BackendCalls::cancel(std::span<const uint64_t> ids) {
  const CallScope scope(watch_, CallThread::feed, Call::cancel, true, submit_limit_ns);
  make_call(*plugin_, Call::cancel, [&] { return plugin_->table.backend->cancel(self_, ids.data(), ids.size()); });
}

size_t BackendCalls::submit(std::span<const sage_request> rows) {
  const CallScope scope(watch_, CallThread::feed, Call::submit, true, submit_limit_ns);
  uint64_t taken = 0;
  make_call(*plugin_, Call::submit,
            [&] { return plugin_->table.backend->submit(self_, rows.data(), rows.size(), &taken); });
  if (taken > rows.size())
    throw base::Error(base::Exit::failed,
                      fmt::format("backend '{}' took {} rows of {}", plugin_->manifest.id, taken, rows.size()));
  return static_cast<size_t>(taken);
}

sage_status BackendCalls::control(const sage_event& event) {
  const auto& able = plugin_->manifest.capabilities;
  if (const auto needed = capability_of(event); std::ranges::find(able, needed) == able.end()) {
    set_failure_text(
        fmt::format("the manifest of backend '{}' does not name {}", plugin_->manifest.id, base::in_quotes(needed)));
    return SAGE_UNSUPPORTED;
  }
  if (!SAGE_HAS(plugin_->table.backend, sage_backend, control)) {
    set_failure_text("this backend has no control events");
    return SAGE_UNSUPPORTED;
  }
  const CallScope scope(watch_, CallThread::feed, Call::control, true, call_limit_ns);
  return status_of(*plugin_, Call::control, [&] { return plugin_->table.backend->control(self_, &event); });
}

bool BackendCalls::drain(int64_t timeout_ns) {
  // a little longer than it was given, so that a plugin that keeps its promise is never cut
  const CallScope scope(watch_, CallThread::main, Call::drain, true, timeout_ns + drain_grace_ns);
  const auto status =
      status_of(*plugin_, Call::drain, [&] { return plugin_->table.backend->drain(self_, timeout_ns); });
  if (status == SAGE_TIMEOUT) return false;
  check_status(status, *plugin_, Call::drain);
  return true;
}

void BackendCalls::close() {
  const CallScope scope(watch_, CallThread::main, Call::close, true, call_limit_ns);
  make_call(*plugin_, Call::close, [&] { return plugin_->table.backend->close(self_); });
}

int64_t BackendCalls::advance(int64_t until_ns) {
  const CallScope scope(watch_, CallThread::feed, Call::advance, true, call_limit_ns);
  int64_t next_ns = INT64_MAX;
  make_call(*plugin_, Call::advance, [&] { return plugin_->table.backend->advance(self_, until_ns, &next_ns); });
  return next_ns;
}

bool BackendCalls::stats(sage_stats& out) {
  if (!SAGE_HAS(plugin_->table.backend, sage_backend, stats)) return false;
  const CallScope scope(watch_, CallThread::settle, Call::stats, true, call_limit_ns);
  out = {};
  out.struct_size = sizeof(sage_stats);
  return status_of(*plugin_, Call::stats, [&] { return plugin_->table.backend->stats(self_, &out); }) == SAGE_OK;
}

}  // namespace host::engine
