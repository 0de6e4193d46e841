#include "cell/crash_handler.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>

namespace host::cell {
namespace {

engine::CallWatch* watched = nullptr;

// Runs on a crashing thread: only atomics of the shared page and async-signal-safe calls.
void note_crash(int signal) {
  const auto call = engine::current_call();
  watched->crashed_call.store(call, std::memory_order_relaxed);
  // Threads of plugins are never inside a call of ours; of our own, only the main one is outside now and then.
  const bool ours = call != 0 || gettid() == getpid();
  watched->crashed_thread.store(ours ? 1 : 2, std::memory_order_release);
  raise(signal);  // SA_RESETHAND: now the default action, a core dump if the user wants one
}

}  // namespace

void install_crash_handler(engine::CallWatch& watch) {
  watched = &watch;
  // A stack overflow leaves no stack to handle it on. (The alternate stack is the main thread's; on others an overflow
  // ends the process without a note of the call, which is still reported by its signal.)
  static std::array<char, 65536> stack;
  stack_t alternate{};
  alternate.ss_sp = stack.data();
  alternate.ss_size = stack.size();
  sigaltstack(&alternate, nullptr);

  struct sigaction action {};
  action.sa_handler = note_crash;
  action.sa_flags = static_cast<int>(SA_ONSTACK | SA_RESETHAND | SA_NODEFER);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(signal, &action, nullptr);
}

}  // namespace host::cell
