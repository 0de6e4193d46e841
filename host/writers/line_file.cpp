#include "writers/line_file.hpp"

#include <cstring>
#include <utility>

#include "base/error.hpp"

namespace host::writers {
namespace {

size_t left_in_page(uint64_t offset) { return LineFile::page - static_cast<size_t>(offset % LineFile::page); }

}  // namespace

// a page of slack on either end: for padding before the last line and after it
LineFile::LineFile(const std::filesystem::path& path) : file_(path), buffer_(new char[block + 2 * page]) {}

char* LineFile::claim(size_t max_bytes) {
  if (used_ + max_bytes > block) {
    if (const auto left = left_in_page(file_.size() + used_); used_ > 0 && left < page) pad(left);
    flush();
  }
  return buffer_.get() + used_;
}

void LineFile::commit(size_t bytes) {
  const auto left = left_in_page(file_.size() + used_);
  if (bytes > left && bytes <= page) {
    char* line = buffer_.get() + used_;
    std::memmove(line + left, line, bytes);
    pad(left);
  }
  used_ += bytes;
}

void LineFile::pad(size_t spaces) {
  char* at = buffer_.get() + used_;
  std::memset(at, ' ', spaces);
  if (used_ > 0) std::swap(at[-1], at[spaces - 1]);  // the newline moves to the end
  used_ += spaces;
}

void LineFile::append(std::string_view line) {
  if (line.size() < longest_in_place) {
    char* out = claim(line.size() + 1);
    std::memcpy(out, line.data(), line.size());
    out[line.size()] = '\n';
    commit(line.size() + 1);
    return;
  }
  flush();
  write_out(std::string(line) + '\n');
}

void LineFile::flush() { write_out({buffer_.get(), std::exchange(used_, 0)}); }

void LineFile::write_out(std::string_view bytes) {
  const auto begin = file_.size();
  try {
    file_.write(bytes);
  } catch (const base::Error&) {
    const auto written = bytes.substr(0, file_.size() - begin);
    file_.try_truncate(begin + (written.rfind('\n') + 1));  // npos + 1 is 0
    throw;
  }
}

void LineFile::close() {
  flush();
  file_.sync();
  file_.close();
}

}  // namespace host::writers
