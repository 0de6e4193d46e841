#include "catalog/trial_load.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <system_error>

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "catalog/plugin.hpp"

namespace host::catalog {
namespace {

constexpr int limit_s = 10;
constexpr std::string_view loaded = "loaded";  // said by who came to the end: a library may call exit(0)
constexpr size_t longest_error = 4000;         // less than a pipe holds: a write does not block, whoever reads when

// In a child: what loading it says, through the pipe `report`; and the exit code.
int load_and_report(const Manifest& manifest, int report) {
  if (const int null = open("/dev/null", O_WRONLY | O_CLOEXEC); null >= 0) {
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
  }
  std::string error;
  auto code = base::Exit::failed;
  try {
    (void)load_plugin(manifest);
    (void)!write(report, loaded.data(), loaded.size());
  } catch (const base::Error& e) {
    error = e.what();
    code = e.code();
  } catch (const std::exception& e) {
    error = e.what();
  }
  error.resize(std::min(error.size(), longest_error));
  const bool written = error.empty() || write(report, error.data(), error.size()) > 0;
  return error.empty() ? 0 : static_cast<int>(written ? code : base::Exit::failed);
}

}  // namespace

TrialLoad try_load(const Manifest& manifest) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    throw base::Error(base::Exit::failed, "cannot make a pipe: too many open files");
  const base::Fd reader(ends[0]);
  const base::Fd writer(ends[1]);
  const auto library = manifest.library.string();
  try {
    base::ChildProcess child([&] { return load_and_report(manifest, writer.get()); });
    if (!child.wait(limit_s * 1000))
      return {false, fmt::format("{}: loading did not end within {} s", library, limit_s), base::Exit::failed};
    if (WIFSIGNALED(child.status()))
      return {false, fmt::format("{}: {} while loading", library, base::signal_name(WTERMSIG(child.status()))),
              base::Exit::failed};
    std::string error(longest_error, '\0');
    error.resize(static_cast<size_t>(std::max<ssize_t>(read(reader.get(), error.data(), error.size()), 0)));
    const auto code = WEXITSTATUS(child.status());
    if (code == 0 && error == loaded) return {true, "", base::Exit::ok};
    if (error.empty()) error = fmt::format("{}: the library called exit({}) while loading", library, code);
    const bool refused = static_cast<base::Exit>(code) == base::Exit::unavailable;
    return {false, error, refused ? base::Exit::unavailable : base::Exit::failed};
  } catch (const std::system_error& e) {
    throw base::Error(base::Exit::failed, fmt::format("cannot start a process to load the plugin in: {}", e.what()));
  }
}

}  // namespace host::catalog
