#include "experiment/run_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "base/error.hpp"

namespace host::experiment {
namespace {

namespace fs = std::filesystem;

// The file is written after it is locked: for a moment, or when it is damaged, its holder is not known.
std::string holder(int fd) {
  std::array<char, 16> text{};
  const auto size = pread(fd, text.data(), text.size(), 0);
  pid_t pid = 0;
  if (size > 0) std::from_chars(text.data(), text.data() + size, pid);
  return pid > 0 ? fmt::format("process {}", pid) : "another process";
}

// Its holder removes the file before it lets go: what we have locked may have no name any more.
bool still_there(int fd, const fs::path& file) {
  struct stat locked {};
  struct stat named {};
  return fstat(fd, &locked) == 0 && stat(file.c_str(), &named) == 0 && locked.st_ino == named.st_ino &&
         locked.st_dev == named.st_dev;
}

[[noreturn]] void fail(const fs::path& file) {
  throw base::Error(base::Exit::failed, fmt::format("cannot lock {}: {}; choose another folder with --output-dir",
                                                    file.string(), std::generic_category().message(errno)));
}

}  // namespace

RunLock::RunLock(const fs::path& folder) : file_(folder / ".lock") {
  do {
    fd_ = base::Fd(open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd_) fail(file_);
    if (flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) continue;
    if (errno != EWOULDBLOCK) fail(file_);
    throw base::usage_error(
        fmt::format("{} is at work in {}; wait for it to end, or stop it", holder(fd_.get()), folder.string()));
  } while (!still_there(fd_.get(), file_));
  const auto pid = fmt::format("{}\n", getpid());
  if (ftruncate(fd_.get(), 0) != 0 || write(fd_.get(), pid.data(), pid.size()) != static_cast<ssize_t>(pid.size()))
    fail(file_);
}

RunLock::~RunLock() {
  if (fd_) unlink(file_.c_str());
}

}  // namespace host::experiment
