// Request traces as a load: read while they are replayed, in constant memory, from a file of any size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "load/load.hpp"
#include "load/trace_format.hpp"
#include "load/trace_lines.hpp"

namespace host::load {

// Rows of a trace in order of time. The format is told from the first line, whatever the file is called.
class TraceReader {
 public:
  // `limit`: rows to read; 0 = all. Throws Error(usage): no such file, not readable, empty, of no format known here.
  TraceReader(const std::filesystem::path& file, uint64_t limit);
  // The next row, its time counted from the first row; nothing after the last. Throws Error(usage) "FILE:LINE: reason":
  // a line that cannot be read, or time that goes backwards.
  std::optional<TraceRow> next();
  // "azure-csv" | "mooncake-jsonl"
  [[nodiscard]] const char* format() const { return format_; }

  // About the row that was read last.
  [[nodiscard]] base::Error error(std::string_view reason) const { return lines_.error(reason); }

 private:
  // The next line that is not blank.
  std::optional<std::string_view> line();
  template <class Parse>
  auto parse(std::string_view line, const Parse& parse_line);
  TraceRow take(std::string_view line);

  LineReader lines_;
  const char* format_ = "";
  std::function<TraceRow(std::string_view)> parse_line_;
  std::optional<TraceRow> first_;  // read to see that there is one, not yet returned
  uint64_t left_;
  int64_t origin_ns_ = 0;
  int64_t last_ns_ = 0;
  uint64_t last_line_ = 0;
};

// What check_trace() and the notes of a replay say about a trace, gathered row by row in constant memory.
class TraceSummary {
 public:
  void add(const TraceRow& row);  // times as TraceReader gives them
  [[nodiscard]] TraceCheck result(const char* format) const;

 private:
  uint64_t rows_ = 0;
  uint64_t tied_ = 0;  // rows with the timestamp of the row before
  int64_t last_ns_ = 0;
  double gaps_squared_s2_ = 0;
};

// Replays config.trace: of the first trace_limit rows, time from the first row, spread as trace_spread says, then
// divided by trace_speed. next() throws Error(usage) as TraceReader does. notes() describes what was replayed so far.
std::unique_ptr<Arrivals> make_trace_arrivals(const LoadConfig& config);

}  // namespace host::load
