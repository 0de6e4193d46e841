// Lines of a file, read front to back through one buffer: constant memory, whatever the size of the file.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace host::load {

class LineReader {
 public:
  // A line of 1 MiB holds a Mooncake request of 130,000 blocks (66 million tokens): longer is not a trace.
  static constexpr size_t longest_line = size_t{1} << 20;

  // Throws Error(usage): missing, not readable, or not a regular file (a trace is read once to check it and again to
  // replay it, which a pipe cannot give).
  explicit LineReader(const std::filesystem::path& file);
  // The next line without its line end (LF or CRLF), a leading byte order mark removed; nothing at the end of the file.
  // Valid until the next call. Throws Error(usage): line too long, file not readable.
  std::optional<std::string_view> next();
  // Of the line returned last, from 1.
  [[nodiscard]] uint64_t number() const { return number_; }
  // False when the file ended without a line end: the line may be cut short.
  [[nodiscard]] bool ended() const { return ended_; }
  // "FILE:LINE: reason", for the line returned last.
  [[nodiscard]] base::Error error(std::string_view reason) const;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  bool fill();
  std::string name_;
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // of what was read and not yet returned
  size_t end_ = 0;
  uint64_t number_ = 0;
  bool ended_ = true;
};

}  // namespace host::load
