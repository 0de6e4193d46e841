#include "base/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace host::base {
namespace {

const char* remedy(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return "free some space or choose another --output-dir";
    default:
      return "check the folder or choose another --output-dir";
  }
}

// Of a device, a pipe, or a file system without the call: there is nothing to wait for.
bool cannot_be_synced(int error) { return error == EINVAL || error == ENOTSUP || error == EROFS || error == ENOSYS; }

[[noreturn]] void fail_at(const std::filesystem::path& path, int error) {
  throw Error(Exit::failed, fmt::format("{}: cannot be written: {}; {}", path.string(),
                                        std::generic_category().message(error), remedy(error)));
}

void sync_path(const std::filesystem::path& path, int flags) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (!fd || (::fsync(fd.get()) != 0 && !cannot_be_synced(errno))) fail_at(path, errno);
}

}  // namespace

OutputFile::OutputFile(std::filesystem::path path)
    : path_(std::move(path)), fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0644)) {
  if (fd_ < 0) fail(errno);
  ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) & ~O_NONBLOCK);  // which was for a pipe that nobody reads
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
}

void OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(errno);
    size_ += static_cast<uint64_t>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void OutputFile::write_at(uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(errno);
    offset += static_cast<uint64_t>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

bool OutputFile::try_truncate(uint64_t size) noexcept {
  const auto offset = static_cast<off_t>(size);
  if (::ftruncate(fd_, offset) != 0 || ::lseek(fd_, offset, SEEK_SET) < 0) return false;
  size_ = size;
  return true;
}

void OutputFile::sync() {
  if (::fsync(fd_) != 0 && !cannot_be_synced(errno)) fail(errno);
}

void OutputFile::close() {
  if (fd_ < 0) return;
  if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR) fail(errno);
}

void OutputFile::fail(int error) const { fail_at(path_, error); }

std::filesystem::path file_behind(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const auto target = std::filesystem::weakly_canonical(path, error);
  if (error)
    throw Error(Exit::failed,
                fmt::format("{}: cannot be written: {}; {}", path.string(), error.message(), remedy(error.value())));
  return target;
}

bool is_special(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
}

std::filesystem::path temporary_beside(const std::filesystem::path& path) {
  std::random_device random;
  for (int tries = 0;; ++tries) {
    auto name = path.parent_path() / fmt::format(".{}.{:08x}{:08x}", path.filename().string(), random(), random());
    const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd >= 0) {
      ::close(fd);
      return name;
    }
    if (errno != EEXIST || tries == 100)
      throw Error(Exit::failed, fmt::format("{}: cannot be written: {}; {}", path.string(),
                                            std::generic_category().message(errno), remedy(errno)));
  }
}

void write_file(const std::filesystem::path& given, std::string_view text) {
  const auto path = file_behind(given);
  if (is_special(path)) {
    OutputFile file(path);
    file.write(text);
    return file.close();
  }
  const auto temporary = temporary_beside(path);
  try {
    OutputFile file(temporary);
    file.write(text);
    file.close();
  } catch (...) {
    std::error_code ignored;  // the first error is the one to tell
    std::filesystem::remove(temporary, ignored);
    throw;
  }
  replace_file(temporary, path);
}

void append_line(const std::filesystem::path& path, std::string_view line) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd) fail_at(path, errno);
  const auto text = std::string(line) + '\n';
  for (std::string_view left = text; !left.empty();) {
    const auto n = ::write(fd.get(), left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_at(path, errno);
    left.remove_prefix(static_cast<size_t>(n));
  }
  if (::fsync(fd.get()) != 0 && !cannot_be_synced(errno)) fail_at(path, errno);
}

void replace_file(const std::filesystem::path& temporary, const std::filesystem::path& path) {
  try {
    sync_path(temporary, 0);
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail_at(path, errno);
    sync_folder(path.parent_path());
  } catch (...) {
    std::error_code ignored;  // the first error is the one to tell
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

void sync_folder(const std::filesystem::path& folder) { sync_path(folder.empty() ? "." : folder, O_DIRECTORY); }

}  // namespace host::base
