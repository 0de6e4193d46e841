#include "cell/supervise.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <string.h>  // sigabbrev_np
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string_view>
#include <system_error>

#include "cell/process.hpp"
#include "cell/watchdog.hpp"

namespace host::cell {
namespace {

constexpr int poll_ms = 50;
constexpr int64_t same_signal_ns = 100'000'000;

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

[[noreturn]] void fail(const char* what) {
  throw base::Error(base::Exit::failed,
                    fmt::format("cannot start a cell: {}: {}", what, std::generic_category().message(errno)));
}

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { close(fd_); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

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
  Fd fd_;
  CellShared* page_ = nullptr;
};

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto n = write(fd, text.data(), text.size());
    if (n < 0 && errno != EINTR) fail("write");
    if (n > 0) text.remove_prefix(static_cast<size_t>(n));
  }
}

// In the child: from here to exec only async-signal-safe calls.
[[noreturn]] void become_cell(pid_t parent, int spec_fd, int shared_fd, char* const* argv) {
  // The cell dies with its supervisor. If that died before the prctl, we have another parent by now.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  // A terminal's Ctrl-C goes to the whole process group; what it means is for the supervisor to say, through the page.
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);  // whoever reads the summary may have had enough; the files are still written
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  fcntl(spec_fd, F_SETFD, 0);
  fcntl(shared_fd, F_SETFD, 0);
  execv("/proc/self/exe", argv);
  _exit(127);
}

pid_t start(const CellSpec& cell, int shared_fd) {
  const Fd spec(memfd_create("sage-host-spec", MFD_CLOEXEC));
  if (spec.get() < 0) fail("memfd");
  write_all(spec.get(), to_json(cell).dump());
  std::array<std::string, 4> args = {"sage-host", "cell", std::to_string(spec.get()), std::to_string(shared_fd)};
  std::array<char*, 5> argv = {args[0].data(), args[1].data(), args[2].data(), args[3].data(), nullptr};
  const auto parent = getpid();
  const auto child = fork();
  if (child < 0) fail("fork");
  if (child == 0) become_cell(parent, spec.get(), shared_fd, argv.data());
  return child;
}

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

std::string signal_name(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

void describe_crash(CellEnd& end, const CellShared& shared, const CellSpec& cell, int signal) {
  end.kind = CellEnd::Kind::crashed;
  end.signal = signal_name(signal);
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
    const auto at_ns = now_ns();
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
                                   : signal_name(WTERMSIG(status)) + " after the result was written";
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
      end.reason = fmt::format("{} did not return in time; killed", end.place);
    } else {
      end.kind = CellEnd::Kind::killed;
      end.reason = "did not end after it was asked to stop; killed";
      end.exit = base::Exit::interrupted;
    }
  }
  end.offered = shared.watch.offered.load();
  end.done = shared.watch.done.load();
  return end;
}

CellEnd supervise(const CellSpec& cell, StopSignals& stop) {
  SharedPage shared;
  const auto child = start(cell, shared.fd());
  const Fd ended(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));  // readable when the child has ended

  Watchdog watchdog(static_cast<int64_t>(std::get<double>(cell.load.at("drain_timeout")) * 1e9));
  std::optional<uint32_t> killed_for;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    std::array<pollfd, 2> sources = {pollfd{ended.get(), POLLIN, 0}, pollfd{stop.fd(), POLLIN, 0}};
    poll(sources.data(), sources.size(), poll_ms);
    const int stops = stop.count();
    shared->stop.store(stops);
    if (killed_for || !watchdog.look(shared->watch, stops, now_ns())) continue;
    killed_for = watchdog.hung_call();
    kill(child, SIGKILL);
  }
  return how_it_ended(status, *shared.operator->(), cell, killed_for);
}

}  // namespace host::cell
