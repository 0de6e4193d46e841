#include "load/trace_lines.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/quote.hpp"

namespace host::load {
namespace {

std::string reason_of(int error) { return std::generic_category().message(error); }

}  // namespace

LineReader::LineReader(const std::filesystem::path& file) : name_(base::one_line(file.string())) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found)
    throw base::usage_error(
        fmt::format("{}: no such trace file; give --trace the path of a CSV or JSONL trace", name_));
  if (std::filesystem::is_directory(status))
    throw base::usage_error(fmt::format("{}: is a folder; give --trace one file in it", name_));
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw base::usage_error(fmt::format(
        "{}: is not a regular file, and a trace is read twice; write it to a file and give --trace that", name_));
  file_.reset(std::fopen(file.c_str(), "rbe"));
  if (!file_) throw base::usage_error(fmt::format("{}: cannot be read: {}", name_, reason_of(errno)));
  buffer_.resize(longest_line + 2);  // and its CRLF
}

bool LineReader::fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const auto got = std::fread(buffer_.data() + end_, 1, buffer_.size() - end_, file_.get());
  if (got == 0 && std::ferror(file_.get()) != 0)
    throw base::usage_error(fmt::format("{}: cannot be read: {}", name_, reason_of(errno)));
  end_ += got;
  return got != 0;
}

std::optional<std::string_view> LineReader::next() {
  const char* line_end = nullptr;
  for (size_t scanned = 0;;) {
    line_end = static_cast<const char*>(std::memchr(buffer_.data() + begin_ + scanned, '\n', end_ - begin_ - scanned));
    if (line_end != nullptr) break;
    scanned = end_ - begin_;
    if (scanned == buffer_.size()) {
      ++number_;
      throw error(fmt::format("the line is longer than {} bytes; is this a trace?", longest_line));
    }
    if (!fill()) break;
  }
  ended_ = line_end != nullptr;
  if (!ended_ && begin_ == end_) return std::nullopt;
  const auto* first = buffer_.data() + begin_;
  const auto size = ended_ ? static_cast<size_t>(line_end - first) : end_ - begin_;
  begin_ += size + (ended_ ? 1 : 0);
  std::string_view line(first, size);
  if (++number_ == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

base::Error LineReader::error(std::string_view reason) const {
  return base::usage_error(fmt::format("{}:{}: {}", name_, number_, reason));
}

}  // namespace host::load
