#include "report/gnuplot.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>  // mkdtemp
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/output_file.hpp"

namespace host::report {
namespace {

namespace fs = std::filesystem;

constexpr int limit_ms = 60'000;  // 200 configurations take 0.5 s

// A folder that goes with its owner.
class Folder {
 public:
  explicit Folder(const fs::path& parent) {
    auto name = (parent / ".plot-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// 0, or why it could not be started.
int start(const fs::path& folder, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  if (const int error = posix_spawn_file_actions_init(&actions); error != 0) return error;
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "errors", O_WRONLY | O_CREAT, 0600);
  // -d: no settings of the user's own.
  std::string program = "gnuplot";
  std::string defaults = "-d";
  std::string script = "script.gp";
  char* const args[] = {program.data(), defaults.data(), script.data(), nullptr};
  const int error = posix_spawnp(&pid, program.c_str(), &actions, nullptr, args, environ);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

// The exit status, or nothing when it had to be ended.
bool wait_for(pid_t pid, int& status) {
  const auto fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));  // glibc 2.36 declares its own for C alone
  pollfd ended{fd, POLLIN, 0};
  int ready = 0;
  do ready = fd < 0 ? 1 : poll(&ended, 1, limit_ms);
  while (ready < 0 && errno == EINTR);
  if (ready == 0) kill(pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (fd >= 0) close(fd);
  return ready != 0;
}

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.find_first_not_of(" \t^") != std::string::npos) return line.substr(0, 200);
  return {};
}

}  // namespace

std::string run_gnuplot(const std::string& script, const fs::path& png) {
  std::error_code error;
  fs::remove(png, error);
  const Folder folder(fs::absolute(png).parent_path());
  if (folder.path().empty())
    return fmt::format("no folder for gnuplot beside it: {}", std::generic_category().message(errno));
  base::write_file(folder.path() / "script.gp", script);
  pid_t pid = 0;
  if (const int failed = start(folder.path(), pid); failed != 0)
    return failed == ENOENT ? std::string("gnuplot is not installed; install it with: apt-get install gnuplot-nox")
                            : "gnuplot cannot be started: " + std::generic_category().message(failed);
  int status = 0;
  if (!wait_for(pid, status)) return fmt::format("gnuplot took more than {} s and was ended", limit_ms / 1000);
  if (!WIFEXITED(status) || WEXITSTATUS(status) == 127)
    return "gnuplot could not be run; is the gnuplot-nox package whole?";
  const auto drawn = folder.path() / "plot.png";
  if (WEXITSTATUS(status) != 0 || !fs::exists(drawn, error) || fs::file_size(drawn, error) == 0)
    return fmt::format("gnuplot failed: {}", first_line(folder.path() / "errors"));
  fs::rename(drawn, png, error);
  return error ? fmt::format("{}: {}", png.string(), error.message()) : std::string();
}

}  // namespace host::report
