#include "base/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <string.h>  // sigabbrev_np
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/clock.hpp"

namespace host::base {
namespace {

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

// In the child. If the parent died before the prctl, we have another one by now.
void die_with(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
}

// fork(), with a descriptor that is readable when the child has ended.
pid_t fork_child(Fd& ended) {
  std::fflush(nullptr);  // or the child writes it too
  const auto parent = getpid();
  const auto child = fork();
  if (child < 0) fail(errno, "fork");
  if (child == 0) die_with(parent);
  if (child > 0) ended = Fd(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));  // glibc 2.36: declared for C alone
  return child;
}

bool redirect(const char* file, int flags, int fd) {
  const int opened = open(file, flags | O_CLOEXEC, 0600);
  return opened >= 0 && dup2(opened, fd) >= 0;
}

// In the child: from here to exec only async-signal-safe calls. Returns if that fails, with errno.
void become(const Launch& launch, const char* program, char* const* argv) {
  if (launch.ignores_stop) {
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
  }
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  if (!launch.folder.empty() && chdir(launch.folder.c_str()) != 0) return;
  if (!launch.errors.empty() &&
      !(redirect("/dev/null", O_RDONLY, STDIN_FILENO) && redirect("/dev/null", O_WRONLY, STDOUT_FILENO) &&
        redirect(launch.errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO)))
    return;
  // Whatever a library in this process has opened without the flag.
  close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  for (const int fd : launch.inherits) fcntl(fd, F_SETFD, 0);
  execvp(program, argv);
}

}  // namespace

ChildProcess::ChildProcess(const Launch& launch) {
  std::vector<std::string> words = launch.words;
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const auto& program = launch.program.empty() ? words[0] : launch.program;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail(errno, "pipe");
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  pid_ = fork_child(ended_);
  if (pid_ == 0) {
    become(launch, program.c_str(), argv.data());
    const int error = errno;
    [[maybe_unused]] const auto written = write(writer.get(), &error, sizeof error);
    _exit(127);
  }
  writer = Fd();  // the exec, or the child's end, closes the last one
  int error = 0;
  ssize_t n = 0;
  do n = read(reader.get(), &error, sizeof error);
  while (n < 0 && errno == EINTR);
  if (n != sizeof error) return;
  wait(-1);
  fail(error, program);
}

ChildProcess::ChildProcess(const std::function<int()>& body) {
  pid_ = fork_child(ended_);
  if (pid_ == 0) _exit(body());
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  kill();
  wait(-1);
}

void ChildProcess::kill() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

bool ChildProcess::wait(int limit_ms) {
  const auto until_ns = monotonic_ns() + int64_t{limit_ms} * 1'000'000;
  while (pid_ > 0) {
    // Without a pidfd (none was left) it is looked at every few milliseconds.
    const bool blocking = limit_ms < 0 && !ended_;
    const auto ended = waitpid(pid_, &status_, blocking ? 0 : WNOHANG);
    if (ended == pid_ || (ended < 0 && errno != EINTR)) {
      pid_ = -1;
      break;
    }
    const auto left_ms = limit_ms < 0 ? int64_t{-1} : (until_ns - monotonic_ns() + 999'999) / 1'000'000;
    if (limit_ms >= 0 && left_ms <= 0) return false;
    pollfd source{ended_.get(), POLLIN, 0};
    poll(&source, ended_ ? 1 : 0, ended_ ? static_cast<int>(left_ms) : 5);
  }
  return true;
}

std::string signal_name(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

}  // namespace host::base
