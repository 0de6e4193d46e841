#include "cell/run_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>  // mkdtemp, secure_getenv
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/output_file.hpp"

namespace host::cell {
namespace {

namespace fs = std::filesystem;

constexpr auto remedy = "choose another folder with --output-dir";

// The topmost folder that would have to be made for `folder` to exist.
fs::path topmost_missing(fs::path folder) {
  fs::path missing;
  std::error_code error;
  while (!folder.empty() && !fs::exists(fs::symlink_status(folder, error))) {
    missing = folder;
    if (!folder.has_relative_path()) break;
    folder = folder.parent_path();
  }
  return missing;
}

// Removes empty folders from `folder` up to and including `top`.
void remove_empty(fs::path folder, const fs::path& top) {
  std::error_code error;
  while (!top.empty() && fs::remove(folder, error) && folder != top) folder = folder.parent_path();
}

// A folder may exist, be writable by its mode, and still not take a file (/proc, a full disk).
std::string try_file(const fs::path& folder) {
  auto name = (folder / ".sage-host-XXXXXX").string();
  const int fd = mkstemp(name.data());
  if (fd < 0) return std::generic_category().message(errno);
  const bool written = write(fd, "x", 1) == 1 && fsync(fd) == 0;
  const int reason = errno;
  close(fd);
  unlink(name.c_str());
  return written ? "" : std::generic_category().message(reason);
}

// The name of `folder` is on the disk, and those of the folders up to `top` that were made for it. As well as can be:
// what a folder that cannot be written to means was told before.
void sync_up(fs::path folder, const fs::path& top) {
  try {
    for (;; folder = folder.parent_path()) {
      base::sync_folder(folder.parent_path());
      if (top.empty() || folder == top || !folder.has_relative_path()) return;
    }
  } catch (const base::Error&) {
  }
}

std::string absolute_root(const fs::path& root) {
  std::error_code error;
  const auto absolute = fs::absolute(root, error);
  return (error ? root : absolute).lexically_normal().string();
}

// Short: sockets live below, and their paths are limited to 107 bytes.
constexpr std::string_view scratch_name = "sage-XXXXXX";
// In a scratch folder, from when it is locked: others may have folders of such names.
constexpr auto scratch_mark = ".sage-host";

base::Fd lock_folder(const fs::path& folder, int how) {
  base::Fd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return fd && flock(fd.get(), how) == 0 ? std::move(fd) : base::Fd();
}

bool is_ours_alone(int fd) {
  struct stat folder {};
  return fstat(fd, &folder) == 0 && folder.st_uid == geteuid() && (folder.st_mode & 0777) == 0700;
}

bool is_there(int fd, const fs::path& folder) {
  struct stat locked {};
  struct stat named {};
  return fstat(fd, &locked) == 0 && lstat(folder.c_str(), &named) == 0 && locked.st_ino == named.st_ino;
}

// The mark goes last, so that what could not be removed is known again by the next host.
void remove_scratch(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().filename() != scratch_mark) fs::remove_all(entry, error);
  if (!error) fs::remove_all(folder, error);
}

// Those of hosts that are gone.
void remove_left_behind(const fs::path& root) {
  std::error_code error;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    const auto name = entry.path().filename().string();
    if (name.size() == scratch_name.size() && name.starts_with("sage-")) found.push_back(entry.path());
  }
  for (const auto& folder : found) {
    const auto locked = lock_folder(folder, LOCK_EX | LOCK_NB);
    if (!locked) continue;
    struct stat mark {};
    if (fstatat(locked.get(), scratch_mark, &mark, AT_SYMLINK_NOFOLLOW) == 0 && mark.st_uid == geteuid())
      remove_scratch(folder);
    else if (is_ours_alone(locked.get()))
      rmdir(folder.c_str());  // of a host that was killed before it could mark it, so it is empty
  }
}

}  // namespace

std::string why_not_writable(const fs::path& folder) {
  const fs::path absolute = absolute_root(folder);
  const auto made = topmost_missing(absolute);
  std::error_code error;
  fs::create_directories(absolute, error);
  auto problem = error ? error.message() : try_file(absolute);
  remove_empty(absolute, made);
  if (!problem.empty()) problem = fmt::format("cannot write results in {}: {}; {}", folder.string(), problem, remedy);
  return problem;
}

RunFolder::RunFolder(const fs::path& root, const std::string& run_id) {
  const fs::path absolute = absolute_root(root);
  made_ = topmost_missing(absolute);
  std::error_code error;
  fs::create_directories(absolute, error);
  path_ = absolute / run_id;
  for (int n = 2; !error && !fs::create_directory(path_, error) && !error; ++n)
    path_ = absolute / fmt::format("{}-{}", run_id, n);
  const auto problem = error ? error.message() : try_file(path_);
  if (problem.empty()) {
    sync_up(path_, made_);
    return;
  }
  remove_empty(error ? absolute : path_, made_.empty() && !error ? path_ : made_);
  throw base::Error(base::Exit::failed,
                    fmt::format("cannot write results in {}: {}; {}", root.string(), problem, remedy));
}

RunFolder::~RunFolder() { remove_empty(path_, made_.empty() ? path_ : made_); }

void RunFolder::discard() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_, error)) fs::remove_all(entry, error);
}

fs::path scratch_root() {
  const char* runtime = secure_getenv("XDG_RUNTIME_DIR");
  std::error_code error;
  return runtime != nullptr && fs::is_directory(runtime, error) ? runtime : "/tmp";
}

ScratchDir::ScratchDir(const fs::path& root) {
  remove_left_behind(root);
  std::error_code gone;
  do {  // until it is locked and marked, another host may take it for left behind and remove it
    auto name = (root / scratch_name).string();
    if (mkdtemp(name.data()) == nullptr)
      throw base::Error(base::Exit::failed,
                        fmt::format("cannot make a scratch folder in {}: {}; set XDG_RUNTIME_DIR to a folder of yours",
                                    root.string(), std::generic_category().message(errno)));
    path_ = name;
    locked_ = lock_folder(path_, LOCK_EX);
  } while (locked_ ? !is_there(locked_.get(), path_) : !fs::exists(path_, gone));
  // Where folders cannot be locked there is no mark, and what is left behind stays.
  if (locked_) base::Fd(openat(locked_.get(), scratch_mark, O_CREAT | O_EXCL | O_CLOEXEC, 0600));
}

ScratchDir::~ScratchDir() { remove_scratch(path_); }

}  // namespace host::cell
