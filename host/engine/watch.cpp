#include "engine/watch.hpp"

#include "engine/clock.hpp"

namespace host::engine {

namespace {
thread_local uint32_t current = 0;
}

const char* to_string(Call call, bool backend) {
  static constexpr const char* workload_names[] = {
      "no call",          "workload.load",      "workload.create",   "workload.describe", "workload.open",
      "workload.plan",    "workload.events",    "workload.submit",   "workload.control",  "workload.advance",
      "workload.drain",   "workload.settle",    "workload.conclude", "workload.stats",    "workload.close",
      "workload.destroy", "workload.operators", "workload.release",  "workload.cancel"};
  static constexpr const char* backend_names[] = {
      "no call",         "backend.load",      "backend.create",   "backend.describe", "backend.open",
      "backend.plan",    "backend.events",    "backend.submit",   "backend.control",  "backend.advance",
      "backend.drain",   "backend.settle",    "backend.conclude", "backend.stats",    "backend.close",
      "backend.destroy", "backend.operators", "backend.release",  "backend.cancel"};
  const auto index = static_cast<uint32_t>(call) < static_cast<uint32_t>(Call::count) ? static_cast<uint32_t>(call) : 0;
  return backend ? backend_names[index] : workload_names[index];
}

CallScope::CallScope(CallWatch* watch, CallThread thread, Call call, bool backend, int64_t limit_ns)
    : slot_(watch == nullptr ? nullptr : &watch->threads[static_cast<size_t>(thread)]) {
  current = static_cast<uint32_t>(call) | (backend ? CallSlot::backend_bit : 0);
  if (slot_ == nullptr) return;
  slot_->call.store(current, std::memory_order_relaxed);
  slot_->deadline_ns.store(limit_ns == 0 ? 0 : monotonic_ns() + limit_ns, std::memory_order_release);
}

CallScope::~CallScope() {
  current = 0;
  if (slot_ == nullptr) return;
  slot_->deadline_ns.store(0, std::memory_order_relaxed);
  slot_->call.store(0, std::memory_order_relaxed);
}

void CallScope::extend(CallWatch* watch, CallThread thread, Call call, int64_t deadline_ns) {
  if (watch == nullptr) return;
  auto& slot = watch->threads[static_cast<size_t>(thread)];
  auto before = slot.deadline_ns.load(std::memory_order_acquire);
  if (before == 0 ||
      (slot.call.load(std::memory_order_relaxed) & ~CallSlot::backend_bit) != static_cast<uint32_t>(call))
    return;
  slot.deadline_ns.compare_exchange_strong(before, deadline_ns, std::memory_order_release, std::memory_order_relaxed);
}

uint32_t current_call() noexcept { return current; }

}  // namespace host::engine
