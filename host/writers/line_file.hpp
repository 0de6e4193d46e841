// A file of JSON lines in which a kill -9, or a full disk, never leaves half a line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/output_file.hpp"

namespace host::writers {

// The kernel copies a write page by page and stops between two pages when the process is killed: of 60 kills amid
// writes of 256 KiB, 54 left half a line. So no line of up to a page crosses the end of one: the line before it is
// filled up with spaces, which JSON ignores (3 % of the file for requests of 240 bytes). Only a kill within the one
// write of a line longer than a page can still cut that line. After a failed write the file is cut back to whole lines.
class LineFile {
 public:
  explicit LineFile(const std::filesystem::path& path);

  // Room for one line of at most max_bytes (up to `longest_in_place`), its '\n' included; then commit what was used.
  [[nodiscard]] char* claim(size_t max_bytes);
  void commit(size_t bytes);
  // One line of any length, without its '\n'.
  void append(std::string_view line);

  void flush();
  void close();  // flushes; when it returns, the file is on the disk
  [[nodiscard]] int fd() const { return file_.fd(); }
  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }

  static constexpr size_t page = 4096;
  static constexpr size_t block = size_t{256} * 1024;
  static constexpr size_t longest_in_place = block / 2;

 private:
  void pad(size_t spaces);  // the last line of the buffer grows; if there is none, the next one begins with them
  void write_out(std::string_view bytes);
  base::OutputFile file_;
  std::unique_ptr<char[]> buffer_;
  size_t used_ = 0;
};

}  // namespace host::writers
