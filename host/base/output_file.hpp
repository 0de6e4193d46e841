// Files that writers make. Every failure is an Error(failed) that names the path, the system's reason and the remedy.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace host::base {

// Owns the descriptor of a file being written from its beginning.
class OutputFile {
 public:
  explicit OutputFile(std::filesystem::path path);  // made, or emptied if it exists
  ~OutputFile();                                    // closes without a check; prefer close()
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

// Writes beside `path` and renames, so that the file is never seen half-written, nor after a power cut.
void write_file(const std::filesystem::path& path, std::string_view text);

// Adds a line to a file, or makes it: on the disk when this returns.
void append_line(const std::filesystem::path& path, std::string_view line);

// `temporary` takes the place of `path`: its content is on the disk before its name is, and both when this returns.
void replace_file(const std::filesystem::path& temporary, const std::filesystem::path& path);
// The names in it are on the disk when this returns.
void sync_folder(const std::filesystem::path& folder);

// The parts of it. What a link leads to: it stays one, and its target gets the text.
std::filesystem::path file_behind(const std::filesystem::path& path);
// A device, a pipe or a socket: written to, never renamed over.
bool is_special(const std::filesystem::path& path);
// A new, empty file beside `path`, of a name that nobody can foresee: in a folder that others can write to, one that
// lies there already may be a link of theirs.
std::filesystem::path temporary_beside(const std::filesystem::path& path);

}  // namespace host::base
