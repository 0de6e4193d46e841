#include "bridge/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>  // sigabbrev_np
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sage/plugin.hpp>
#include <system_error>

namespace bridge {
namespace {

constexpr int64_t ns_per_ms = 1'000'000;
constexpr size_t line_size_max = 4096;

[[noreturn]] void fail(const std::string& what, int error) {
  throw sage::Failure(SAGE_FAILED, "cannot start " + what + ": " + std::generic_category().message(error));
}

// Descriptors from 10: never one of those that the child gets.
Fd high(int fd) { return Fd(fcntl(fd, F_DUPFD_CLOEXEC, 10)); }

// Dispositions that the host ignores would be inherited.
void default_signals(posix_spawnattr_t& attributes) {
  sigset_t none, standard;
  sigemptyset(&none);
  sigemptyset(&standard);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) sigaddset(&standard, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &standard);
  // A group of its own: Ctrl-C is the host's to handle, which drains before it closes.
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

pid_t spawn(const Child::Program& program, int socket, int log) {
  const auto parent = std::to_string(getpid());
  std::vector<const char*> argv = {program.guard.c_str(), parent.c_str(), program.folder.c_str()};
  for (const auto& word : program.words) argv.push_back(word.c_str());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  default_signals(attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, log, 1);
  posix_spawn_file_actions_adddup2(&actions, log, 2);
  posix_spawn_file_actions_adddup2(&actions, socket, 3);
  posix_spawn_file_actions_addclosefrom_np(&actions, 4);  // whatever was opened in the host without close-on-exec
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, program.guard.c_str(), &actions, &attributes, const_cast<char* const*>(argv.data()), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) fail(program.guard, error);
  return pid;
}

uint64_t resident_pages(pid_t process) {
  std::ifstream statm("/proc/" + std::to_string(process) + "/statm");
  uint64_t size = 0, resident = 0;
  return statm >> size >> resident ? resident : 0;
}

}  // namespace

void Fd::reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

Child::Child(const Program& program, int socket, std::function<void(std::string_view)> log) : log_(std::move(log)) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("a pipe", errno);
  Fd reading(ends[0]), writing(ends[1]);
  const auto log_end = high(writing.get()), socket_end = high(socket);
  guard_ = spawn(program, socket_end.get(), log_end.get());
  guard_handle_ = Fd(static_cast<int>(syscall(SYS_pidfd_open, guard_, 0)));
  log_thread_ = std::thread([this, fd = std::move(reading)] { read_log(fd.get()); });
}

Child::~Child() {
  end();
  stopping_ = true;
  log_thread_.join();
}

bool Child::wait_ended(int64_t timeout_ns) {
  if (status_ >= 0) return true;
  pollfd ended = {guard_handle_.get(), POLLIN, 0};
  poll(&ended, 1, static_cast<int>(std::max<int64_t>(0, timeout_ns / ns_per_ms)));
  int status = 0;
  if (waitpid(guard_, &status, WNOHANG) != guard_) return false;
  status_ = status;
  return true;
}

void Child::end() {
  if (!wait_ended(0)) kill(guard_, SIGTERM);
  if (wait_ended(12'000 * ns_per_ms) && WIFEXITED(status_)) return;
  // Someone stopped or killed the guard itself: its process group is what is left to take hold of.
  kill(-guard_, SIGKILL);
  wait_ended(2'000 * ns_per_ms);
}

std::string Child::ending() {
  std::string text = "is gone";
  if (wait_ended(500 * ns_per_ms)) {
    const int code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
    const char* name = code > 128 ? sigabbrev_np(code - 128) : nullptr;
    for (int i = 0; i < 50 && !log_ended_; ++i) poll(nullptr, 0, 10);  // its last words are still in the pipe
    text = name != nullptr ? "was ended by SIG" + std::string(name) : "ended with exit code " + std::to_string(code);
  }
  const std::lock_guard lock(mutex_);
  return last_line_.empty() ? text : text + ": " + last_line_;
}

uint64_t Child::resident_bytes() const {
  uint64_t pages = 0;
  std::vector<pid_t> family = {guard_};
  for (size_t i = 0; i < family.size() && family.size() < 4096; ++i) {
    const auto process = std::to_string(family[i]);
    pages += resident_pages(family[i]);
    std::error_code gone;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/" + process + "/task", gone)) {
      std::ifstream children(thread.path() / "children");
      for (pid_t child = 0; children >> child;) family.push_back(child);
    }
  }
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// Until the last holder of the pipe is gone, or this object goes; a line without end is cut.
void Child::read_log(int fd) {
  std::string line;
  std::array<char, 4096> block;
  const auto finish = [&] {
    if (line.empty()) return;
    log_(line);
    const std::lock_guard lock(mutex_);
    last_line_ = std::exchange(line, {});
  };
  const auto readable = [&] {
    pollfd source = {fd, POLLIN, 0};
    while (poll(&source, 1, 100) <= 0)
      if (stopping_) return false;
    return true;
  };
  for (ssize_t n = 0; readable() && (n = read(fd, block.data(), block.size())) > 0;) {
    for (ssize_t i = 0; i < n; ++i) {
      const char c = block[static_cast<size_t>(i)];
      if (c == '\n' || line.size() >= line_size_max) finish();
      if (c != '\n') line += c;
    }
  }
  finish();
  log_ended_ = true;
}

}  // namespace bridge
