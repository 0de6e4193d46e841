#include "cell/supervise.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/child_process.hpp"
#include "base/clock.hpp"
#include "base/fd.hpp"
#include "cell/process.hpp"
#include "cell/watchdog.hpp"

namespace host::cell {
namespace {

constexpr int poll_ms = 50;
constexpr int64_t same_signal_ns = 100'000'000;

[[noreturn]] void fail(const char* what) {
  throw base::Error(base::Exit::failed,
                    fmt::format("cannot start a cell: {}: {}", what, std::generic_category().message(errno)));
}

// The page shared with the cell; mapped for as long as the object lives.
class SharedPage {
 public:
  SharedPage() : fd_(memfd_create("sage-host-cell", MFD_CLOEXEC)) {
    if (fd_.get() < 0 || ftruncate(fd_.get(), sizeof(CellShared)) != 0) fail("memfd");
    void* address = mmap(nullptr, sizeof(CellShared), PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
    if (address == MAP_FAILED) fail("mmap");
    page_ = new (address) CellShared;
  }
  ~SharedPage() { munmap(page_, sizeof(CellShared)); }
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;
  [[nodiscard]] int fd() const { return fd_.get(); }
  CellShared* operator->() { return page_; }

 private:
  base::Fd fd_;
  CellShared* page_ = nullptr;
};

std::string place_of(uint32_t call, const CellSpec& cell) {
  if ((call & ~engine::CallSlot::backend_bit) == 0) return "";
  const bool backend = (call & engine::CallSlot::backend_bit) != 0;
  return fmt::format("{} of '{}'",
                     engine::to_string(static_cast<engine::Call>(call & ~engine::CallSlot::backend_bit), backend),
                     backend ? cell.backend : cell.workload);
}

uint32_t any_call(const engine::CallWatch& watch) {
  for (const auto& slot : watch.threads)
    if (const auto call = slot.call.load(); call != 0) return call;
  return 0;
}

void describe_crash(CellEnd& end, const CellShared& shared, const CellSpec& cell, int signal) {
  end.kind = CellEnd::Kind::crashed;
  end.signal = base::signal_name(signal);
  end.place = place_of(shared.watch.crashed_call.load(), cell);
  if (!end.place.empty())
    end.reason = fmt::format("{} in {}", end.signal, end.place);
  else if (shared.watch.crashed_thread.load() == 2)
    end.reason =
        fmt::format("{} in a thread that a plugin ('{}' or '{}') had started", end.signal, cell.backend, cell.workload);
  else if (signal == SIGKILL)
    end.reason = "SIGKILL from outside: out of memory, or someone's kill";
  else
    end.reason = fmt::format("{} outside any plugin call", end.signal);
}

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);  // of nohup it is ignored, and stays so
  return signals;
}

}  // namespace

StopSignals::StopSignals() {
  const auto signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd_ < 0) fail("signalfd");
}

StopSignals::~StopSignals() {
  count();
  close(fd_);
  const auto signals = stop_signals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

int StopSignals::count() {
  signalfd_siginfo info;
  while (read(fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    const auto at_ns = base::monotonic_ns();
    if (count_ == 0 || at_ns - last_ns_ > same_signal_ns) ++count_;
    last_ns_ = at_ns;
  }
  return count_;
}

CellEnd how_it_ended(int status, const CellShared& shared, const CellSpec& cell,
                     const std::optional<uint32_t>& killed_for) {
  CellEnd end;
  end.exit = WIFEXITED(status) ? static_cast<base::Exit>(WEXITSTATUS(status)) : base::Exit::failed;
  if (shared.watch.finished.load() != 0) {  // the result is written, whatever came after
    end.reason = WIFEXITED(status) ? std::string(shared.error_text())
                                   : base::signal_name(WTERMSIG(status)) + " after the result was written";
  } else if (WIFSIGNALED(status)) {
    describe_crash(end, shared, cell, WTERMSIG(status));
  } else if (const auto error = shared.error_text(); !error.empty()) {
    end.kind = CellEnd::Kind::refused;
    end.reason = error;
  } else {
    end.kind = CellEnd::Kind::vanished;
    end.exit = base::Exit::failed;
    end.place = place_of(any_call(shared.watch), cell);
    end.reason = fmt::format("the process exited with code {}{}; a plugin must not call exit()", WEXITSTATUS(status),
                             end.place.empty() ? "" : " in " + end.place);
  }
  if (killed_for && end.kind == CellEnd::Kind::crashed && WTERMSIG(status) == SIGKILL) {
    end.signal.clear();
    end.place = place_of(*killed_for, cell);
    if (*killed_for != 0) {
      end.kind = CellEnd::Kind::hung;
      const bool opening = (*killed_for & ~engine::CallSlot::backend_bit) == static_cast<uint32_t>(engine::Call::open);
      end.reason = fmt::format(
          "{} did not return in time; killed{}", end.place,
          opening ? fmt::format(" after {:g} s; give it longer with --open-timeout", cell.open_timeout_s) : "");
    } else {
      const bool late = shared.watch.out_of_time.load() != 0;
      end.kind = CellEnd::Kind::killed;
      end.reason = late
                       ? fmt::format("did not end after its {:g} s (--max-duration) were over; killed", longest_s(cell))
                       : "did not end after it was asked to stop; killed";
      end.exit = late ? base::Exit::failed : base::Exit::interrupted;
    }
  }
  end.offered = shared.watch.offered.load();
  end.done = shared.watch.done.load();
  return end;
}

CellEnd supervise(const CellSpec& cell, StopSignals& stop) {
  SharedPage shared;
  const base::Fd spec(memfd_create("sage-host-spec", MFD_CLOEXEC));
  if (!spec) fail("memfd");
  const auto text = to_json(cell).dump();
  if (base::write_all(spec.get(), text) < text.size()) fail("write");
  std::optional<base::ChildProcess> child;
  try {
    // A terminal's Ctrl-C goes to the whole process group; what it means is for the supervisor to say, through the
    // page. Whoever reads the summary may have had enough: the files are still written.
    child.emplace(base::Launch{.words = {"sage-host", "cell", std::to_string(spec.get()), std::to_string(shared.fd())},
                               .inherits = {spec.get(), shared.fd()},
                               .ignores_stop = true,
                               .program = "/proc/self/exe"});
  } catch (const std::system_error& e) {
    throw base::Error(base::Exit::failed, fmt::format("cannot start a cell: {}", e.what()));
  }

  const auto ns = [](double s) { return static_cast<int64_t>(s * 1e9); };
  Watchdog watchdog(ns(std::get<double>(cell.load.at("drain_timeout"))), ns(longest_s(cell)));
  std::optional<uint32_t> killed_for;
  while (!child->wait(0)) {
    std::array<pollfd, 2> sources = {pollfd{child->fd(), POLLIN, 0}, pollfd{stop.fd(), POLLIN, 0}};
    poll(sources.data(), sources.size(), poll_ms);
    const auto now_ns = base::monotonic_ns();
    const bool late = watchdog.out_of_time(shared->watch, now_ns);
    const int stops = stop.count() + (late ? 1 : 0);
    if (late) shared->watch.out_of_time.store(1);
    shared->stop.store(stops);
    if (killed_for || !watchdog.look(shared->watch, stops, now_ns)) continue;
    killed_for = watchdog.hung_call();
    child->kill();
  }
  return how_it_ended(child->status(), *shared.operator->(), cell, killed_for);
}

}  // namespace host::cell
