// Files that writers make. Every failure is an Error(failed) that names the path, the system's reason and the remedy.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace host::base {

// Owns the descriptor of a file being written from its beginning.
class OutputFile {
 public:
  enum class Kind {
    regular,  // made, or emptied if it exists; no link is followed
    special,  // a device or a pipe that exists
  };
  explicit OutputFile(std::filesystem::path path, Kind kind = Kind::regular);
  ~OutputFile();  // closes without a check; prefer close()
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view bytes);                      // all of them; when it throws, size() tells how far it came
  void write_at(uint64_t offset, std::string_view bytes);  // over bytes written before; size() stays
  // Cuts the file back; false where the system cannot (a device).
  bool try_truncate(uint64_t size) noexcept;
  void sync();  // returns when what was written is on the disk
  void close();
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] uint64_t size() const { return size_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  [[noreturn]] void fail(int error) const;
  std::filesystem::path path_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

// A file that takes the place of another when it is complete. It lies beside it, under a name that nobody can foresee
// and that did not exist before, so that no link planted in a shared folder is written through.
class Replacement {
 public:
  // Of the file that `path` leads to: a link stays, and what it points to is replaced. What is no regular file (a
  // device, a pipe) is never replaced, nor what a link of another user in a folder open to others points to.
  explicit Replacement(const std::filesystem::path& path);
  ~Replacement();  // removes what was not put in place
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return temporary_; }  // made, and empty
  // Its content is on the disk before its name is, and both when this returns.
  void put_in_place();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
};

// A Replacement, so that the file is never seen half-written, nor after a power cut; what is no regular file is written
// to.
void write_file(const std::filesystem::path& path, std::string_view text);

// What processes that were killed left of replacements in `folder` and below; nobody may be at work there.
void remove_temporary(const std::filesystem::path& folder);

// Adds a line to a file, or makes it: on the disk when this returns; a line that has no room leaves nothing of it.
void append_line(const std::filesystem::path& path, std::string_view line);

// What the library says of a folder that cannot be made or read, as an error of ours.
Error file_error(const std::filesystem::filesystem_error& error);

// The names in it are on the disk when this returns.
void sync_folder(const std::filesystem::path& folder);

}  // namespace host::base
