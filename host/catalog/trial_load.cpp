#include "catalog/trial_load.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>  // sigabbrev_np
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>

#include "base/error.hpp"
#include "catalog/plugin.hpp"

namespace host::catalog {
namespace {

constexpr unsigned limit_s = 10;

[[noreturn]] void load_and_report(const Manifest& manifest, int report) {
  alarm(limit_s);
  if (const int null = open("/dev/null", O_WRONLY | O_CLOEXEC); null >= 0) {
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
  }
  std::string error;
  auto code = base::Exit::failed;
  try {
    (void)load_plugin(manifest);
  } catch (const base::Error& e) {
    error = e.what();
    code = e.code();
  } catch (const std::exception& e) {
    error = e.what();
  }
  // Shorter than PIPE_BUF: one write, which cannot block.
  error.resize(std::min<size_t>(error.size(), 4000));
  const bool written = error.empty() || write(report, error.data(), error.size()) > 0;
  _exit(error.empty() ? 0 : static_cast<int>(written ? code : base::Exit::failed));
}

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 4096> block;
  for (ssize_t n = 0; (n = read(fd, block.data(), block.size())) > 0 || (n < 0 && errno == EINTR);)
    if (n > 0) text.append(block.data(), static_cast<size_t>(n));
  return text;
}

}  // namespace

TrialLoad try_load(const Manifest& manifest) {
  std::array<int, 2> pipe_fds{};
  if (pipe2(pipe_fds.data(), O_CLOEXEC) != 0)
    throw base::Error(base::Exit::failed, "cannot make a pipe: too many open files");
  std::fflush(nullptr);
  const auto child = fork();
  if (child < 0) throw base::Error(base::Exit::failed, "cannot start a process to load the plugin in");
  if (child == 0) load_and_report(manifest, pipe_fds[1]);
  close(pipe_fds[1]);
  auto error = read_to_end(pipe_fds[0]);
  close(pipe_fds[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    error = signal == SIGALRM ? fmt::format("{}: loading did not end within {} s", manifest.library.string(), limit_s)
                              : fmt::format("{}: SIG{} while loading", manifest.library.string(), sigabbrev_np(signal));
  } else if (error.empty() && WEXITSTATUS(status) != 0) {
    error =
        fmt::format("{}: the library called exit({}) while loading", manifest.library.string(), WEXITSTATUS(status));
  }
  const bool refused = WIFEXITED(status) && static_cast<base::Exit>(WEXITSTATUS(status)) == base::Exit::unavailable;
  return {error.empty(), error, refused ? base::Exit::unavailable : base::Exit::failed};
}

}  // namespace host::catalog
