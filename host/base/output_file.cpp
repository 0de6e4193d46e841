#include "base/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <random>
#include <system_error>
#include <utility>
#include <vector>

#include "base/fd.hpp"

namespace host::base {
namespace {

namespace fs = std::filesystem;

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

constexpr int attempts_max = 100;
constexpr std::string_view temporary_prefix = ".sage-host-";
constexpr int links_max = 40;  // as the kernel's

Error cannot_write(const fs::path& path, int error) {
  return {Exit::failed, fmt::format("{}: cannot be written: {}; {}", path.string(),
                                    std::generic_category().message(error), remedy(error))};
}

// Where `path` leads through links. One that another user put into a folder which others may write to is not followed:
// it would have us write wherever that user likes.
fs::path resolved(fs::path path) {
  for (int links = 0; links < links_max; ++links) {
    struct stat link {};
    if (::lstat(path.c_str(), &link) != 0 || !S_ISLNK(link.st_mode)) return path;
    const auto folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    struct stat around {};
    if (::stat(folder.c_str(), &around) != 0) throw cannot_write(path, errno);
    if ((around.st_mode & (S_IWGRP | S_IWOTH)) != 0 && link.st_uid != ::geteuid())
      throw Error(Exit::failed,
                  fmt::format("{}: it is a link of another user in a folder that others may write to, and is "
                              "not followed; name the file that is meant",
                              path.string()));
    std::error_code error;
    path = folder / fs::read_symlink(path, error);
    if (error) throw cannot_write(path, error.value());
  }
  throw cannot_write(path, ELOOP);
}

// Of a device, a pipe, or a file system without the call: there is nothing to wait for.
bool cannot_be_synced(int error) { return error == EINVAL || error == ENOTSUP || error == EROFS || error == ENOSYS; }

void sync_path(const fs::path& path, int flags) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (!fd || (::fsync(fd.get()) != 0 && !cannot_be_synced(errno))) throw cannot_write(path, errno);
}

}  // namespace

OutputFile::OutputFile(fs::path path, Kind kind)
    : path_(std::move(path)),
      fd_(::open(
          path_.c_str(),
          O_WRONLY | O_CLOEXEC | (kind == Kind::regular ? O_CREAT | O_TRUNC | O_NOFOLLOW : O_NOCTTY | O_NONBLOCK),
          0644)) {
  if (fd_ < 0) fail(errno == ENXIO ? EPIPE : errno);  // of a pipe: nobody reads it
  if (kind == Kind::special && ::fcntl(fd_, F_SETFL, 0) != 0) fail(errno);
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
}

void OutputFile::write(std::string_view bytes) {
  const auto written = write_all(fd_, bytes);
  size_ += written;
  if (written < bytes.size()) fail(errno);
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

void OutputFile::fail(int error) const { throw cannot_write(path_, error); }

Replacement::Replacement(const fs::path& path) : target_(resolved(path)) {
  std::error_code error;
  if (const auto status = fs::status(target_, error); fs::exists(status) && !fs::is_regular_file(status))
    throw Error(Exit::failed, fmt::format("{}: cannot be written: it is {}; name another file", path.string(),
                                          fs::is_directory(status) ? "a folder" : "no regular file"));
  std::random_device random;
  for (int attempt = 0; temporary_.empty(); ++attempt) {
    auto name = target_.parent_path() / fmt::format("{}{:08x}{:08x}", temporary_prefix, random(), random());
    const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0 && (errno != EEXIST || attempt == attempts_max)) throw cannot_write(path, errno);
    if (fd < 0) continue;
    ::close(fd);
    temporary_ = std::move(name);
  }
}

Replacement::~Replacement() {
  std::error_code ignored;  // another error is the one to tell
  if (!temporary_.empty()) fs::remove(temporary_, ignored);
}

void Replacement::put_in_place() {
  sync_path(temporary_, 0);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) throw cannot_write(target_, errno);
  temporary_.clear();
  sync_folder(target_.parent_path());
}

void write_file(const fs::path& path, std::string_view text) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status)) {
    OutputFile file(path, OutputFile::Kind::special);
    file.write(text);
    return file.close();
  }
  Replacement replacement(path);
  OutputFile file(replacement.path());
  file.write(text);
  file.close();
  replacement.put_in_place();
}

void remove_temporary(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (it->path().filename().string().starts_with(temporary_prefix) &&
        it->symlink_status(error).type() == fs::file_type::regular)
      found.push_back(it->path());
  for (const auto& file : found) fs::remove(file, error);
}

void append_line(const fs::path& path, std::string_view line) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd) throw cannot_write(path, errno);
  const auto text = std::string(line) + '\n';
  const auto begin = ::lseek(fd.get(), 0, SEEK_END);
  if (write_all(fd.get(), text) < text.size()) {
    const int reason = errno;
    // Half a line is none. What cannot be cut (a pipe) has no lines that stay.
    [[maybe_unused]] const auto cut = begin < 0 ? 0 : ::ftruncate(fd.get(), begin);
    throw cannot_write(path, reason);
  }
  if (::fsync(fd.get()) != 0 && !cannot_be_synced(errno)) throw cannot_write(path, errno);
}

Error file_error(const fs::filesystem_error& error) {
  const auto path = error.path1().empty() ? std::string("a folder") : error.path1().string();
  return {Exit::failed, fmt::format("{}: cannot be made, read or removed: {}; {}", path, error.code().message(),
                                    remedy(error.code().value()))};
}

void sync_folder(const fs::path& folder) { sync_path(folder.empty() ? "." : folder, O_DIRECTORY); }

}  // namespace host::base
