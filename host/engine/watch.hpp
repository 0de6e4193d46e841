// Which plugin call each thread is in, in memory that a supervising process shares: so that a crash or a hang of a
// plugin is reported with the call it happened in.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace host::engine {

enum class Call : uint32_t {
  none,
  load,
  create,
  describe,
  open,
  plan,
  events,
  submit,
  control,
  advance,
  drain,
  settle,
  conclude,
  stats,
  close,
  destroy,
  operators,
  release,
  cancel,
  count
};
// "backend.submit", "workload.plan", ...
const char* to_string(Call call, bool backend);

enum class CallThread : uint32_t { main, feed, settle, count };

struct CallSlot {
  std::atomic<uint32_t> call{0};        // Call, plus backend_bit
  std::atomic<int64_t> deadline_ns{0};  // CLOCK_MONOTONIC; the call must have returned by then
  static constexpr uint32_t backend_bit = 0x100;
};

// Lives in a shared mapping; zero-initialised.
struct CallWatch {
  std::array<CallSlot, static_cast<size_t>(CallThread::count)> threads;
  std::atomic<uint32_t> crashed_call{0};  // written by the signal handler: the call of the thread that crashed
  std::atomic<uint32_t> crashed_thread{
      0};                                 // 1: a thread of the host in `crashed_call`; 2: a thread of the plugin's own
  std::atomic<int64_t> load_since_ns{0};  // CLOCK_MONOTONIC; 0 = requests are not being offered
  std::atomic<uint32_t> out_of_time{0};   // 1: whoever supervises ended the load, for its time was over
  // Progress, for a record of a run that did not end by itself.
  std::atomic<uint64_t> offered{0};
  std::atomic<uint64_t> done{0};
  std::atomic<uint32_t> finished{0};  // 1: the result was written completely
};

// Marks the current thread as being in a plugin call for as long as it lives.
class CallScope {
 public:
  CallScope(CallWatch* watch, CallThread thread, Call call, bool backend, int64_t limit_ns);
  ~CallScope();
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;
  // [any] The call that `thread` is in, if it is `call`, must have returned by then. A look from outside while it
  // returns sees the earlier deadline or the later one.
  static void extend(CallWatch* watch, CallThread thread, Call call, int64_t deadline_ns);

 private:
  CallSlot* slot_;
};

// The call the current thread is in (Call plus backend_bit), 0 outside; for a signal handler.
uint32_t current_call() noexcept;

}  // namespace host::engine
