#include "catalog/trusted_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/error.hpp"
#include "base/quote.hpp"

namespace host::catalog {
namespace {

namespace fs = std::filesystem;

base::Error file_error(const fs::path& path, const std::string& what, const std::string& problem) {
  return base::usage_error(fmt::format("{} {}: {}", what, base::one_line(path.string()), problem));
}

// Group members count as others unless the file is ours or root's: a private group and umask 002 are common.
void check_mode(const struct stat& info, const fs::path& path, const std::string& what) {
  const bool ours = info.st_uid == geteuid() || info.st_uid == 0;
  const auto unwanted = ours ? mode_t{S_IWOTH} : mode_t{S_IWOTH | S_IWGRP};
  if ((info.st_mode & unwanted) == 0) return;
  const auto who = (info.st_mode & S_IWOTH) != 0 ? "o-w" : "g-w";
  throw file_error(path, what,
                   fmt::format("other users can write to it; chmod {} '{}'", who, base::one_line(path.string())));
}

struct Descriptor {
  int fd;
  explicit Descriptor(int opened) : fd(opened) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

}  // namespace

fs::path real_path(const fs::path& path, const std::string& what) {
  std::error_code error;
  auto real = fs::canonical(path, error);
  if (error) throw file_error(path, what, error.message());
  return real;
}

void refuse_writable_by_others(const fs::path& path, const std::string& what) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) throw file_error(path, what, std::generic_category().message(errno));
  check_mode(info, path, what);
}

namespace {

std::string read_file(const fs::path& file, const std::string& what, size_t size_max, bool trusted) {
  // O_NONBLOCK: opening a named pipe would wait for a writer. What is checked is what was opened.
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (opened.fd < 0 || ::fstat(opened.fd, &info) != 0)
    throw file_error(file, what, std::generic_category().message(errno));
  if (!S_ISREG(info.st_mode))
    throw file_error(file, what, S_ISDIR(info.st_mode) ? "it is a folder, not a file" : "it is not a regular file");
  if (trusted) check_mode(info, file, what);

  std::string content(size_max + 1, '\0');  // by what is read, not by the size that was reported
  size_t size = 0;
  while (size < content.size()) {
    const auto n = ::read(opened.fd, content.data() + size, content.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw file_error(file, what, std::generic_category().message(errno));
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  if (size > size_max) throw file_error(file, what, fmt::format("larger than {} KiB", size_max / 1024));
  content.resize(size);
  return content;
}

}  // namespace

std::string read_trusted_file(const fs::path& file, const std::string& what, size_t size_max) {
  refuse_writable_by_others(file.parent_path(), "folder");
  return read_file(file, what, size_max, true);
}

std::string read_regular_file(const fs::path& file, const std::string& what, size_t size_max) {
  return read_file(file, what, size_max, false);
}

}  // namespace host::catalog
