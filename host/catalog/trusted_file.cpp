#include "catalog/trusted_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <system_error>

#include "base/error.hpp"
#include "base/quote.hpp"

namespace host::catalog {
namespace {

namespace fs = std::filesystem;

base::Error file_error(const fs::path& path, const std::string& what, const std::string& problem) {
  return base::usage_error(fmt::format("{} {}: {}", what, base::one_line(path.string()), problem));
}

// This program's own file and the folders on the way up to it, and who owns them.
struct OwnWay {
  std::set<fs::path> folders;
  std::set<uid_t> owners = {0, geteuid()};

  OwnWay() {
    constexpr auto self = "/proc/self/exe";
    std::error_code error;
    struct stat info {};
    if (::stat(self, &info) == 0) owners.insert(info.st_uid);
    for (auto path = fs::read_symlink(self, error); path.has_relative_path();) {
      path = path.parent_path();
      folders.insert(path);
      if (::stat(path.c_str(), &info) == 0) owners.insert(info.st_uid);
    }
  }
};

const OwnWay& own_way() {
  static const OwnWay way;
  return way;
}

void check_owner(const struct stat& info, const fs::path& path, const std::string& what) {
  if (own_way().owners.contains(info.st_uid)) return;
  throw file_error(path, what,
                   fmt::format("it belongs to user {}, who could change what runs; take a copy that is yours, in a "
                               "folder of yours, or change its owner",
                               info.st_uid));
}

void check_file(const struct stat& info, const fs::path& path, const std::string& what) {
  check_owner(info, path, what);
  if ((info.st_mode & S_IWOTH) == 0) return;
  throw file_error(path, what,
                   fmt::format("other users can write to it; chmod o-w '{}'", base::one_line(path.string())));
}

struct stat stat_of(const fs::path& path, const std::string& what) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) throw file_error(path, what, std::generic_category().message(errno));
  return info;
}

// What lies in a folder can be renamed, and so replaced, by whoever may write to the folder: in a sticky one, by its
// owner alone.
void check_way_up(fs::path folder) {
  while (folder.has_relative_path()) {
    folder = folder.parent_path();
    if (own_way().folders.contains(folder)) return;  // and so are those above it
    const auto info = stat_of(folder, "folder");
    check_owner(info, folder, "folder");
    if ((info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0)
      throw file_error(folder, "folder",
                       fmt::format("other users can replace what is in it, and plugins lie below; chmod o-w '{}'",
                                   base::one_line(folder.string())));
  }
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

void refuse_others(const fs::path& path, const std::string& what) {
  const auto real = real_path(path, what);
  check_file(stat_of(real, what), real, what);
  check_way_up(real);
}

void refuse_others_in(const fs::path& folder) {
  std::error_code missing;
  if (!fs::is_directory(folder, missing)) return;
  refuse_others(folder, "folder");
  for (const auto& entry : fs::directory_iterator(folder)) refuse_others(entry.path(), "file");
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
  if (trusted) check_file(info, file, what);

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
  refuse_others(file.parent_path(), "folder");
  return read_file(file, what, size_max, true);
}

std::string read_regular_file(const fs::path& file, const std::string& what, size_t size_max) {
  return read_file(file, what, size_max, false);
}

}  // namespace host::catalog
