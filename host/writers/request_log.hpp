// requests.bin: every finished request as the 64 bytes it already is. A 64-byte header, then RequestRows,
// little-endian.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "base/background_sync.hpp"
#include "base/output_file.hpp"
#include "records/writer.hpp"

namespace host::writers {

struct RequestLogHeader {
  std::array<char, 8> magic{'S', 'A', 'G', 'E', 'R', 'E', 'Q', '\n'};
  uint32_t version = 1;
  uint32_t header_size = 64;
  uint32_t row_size = sizeof(records::RequestRow);
  uint32_t reserved = 0;
  int64_t t0_unix_ns = 0;  // wall clock when the run began: about where the rows' times count from
  uint64_t rows = 0;       // 0 until the log is finished: then the file's size tells
  uint64_t dropped = 0;    // rows that the log could not take
  uint64_t seed = 0;
  uint64_t reserved2 = 0;
};
static_assert(sizeof(RequestLogHeader) == 64 && sizeof(records::RequestRow) == 64);

class RequestLogWriter final : public records::Writer {
 public:
  explicit RequestLogWriter(const std::filesystem::path& file);
  void begin(const records::RunInfo& info) override;
  void take(const records::Interval& interval) override;  // flushes
  void take(std::span<const records::RequestRow> rows) override;
  void finish(const records::RunInfo& info, const records::RunResult& result) override;

 private:
  static constexpr size_t block_rows = 4096;  // 256 KiB
  void flush();
  base::OutputFile file_;
  base::BackgroundSync sync_;
  RequestLogHeader header_;
  std::unique_ptr<records::RequestRow[]> rows_;
  size_t used_ = 0;
};

// Hands the rows to `take` in blocks and returns the header, with `rows` as found: a log that was cut off is read up to
// its last whole row. Throws Error(failed) for a file that is no request log or of another version.
RequestLogHeader read_request_log(const std::filesystem::path& file,
                                  const std::function<void(std::span<const records::RequestRow>)>& take);

// Writes the log's rows as the request lines of records.jsonl.
RequestLogHeader convert_request_log(const std::filesystem::path& log, const std::filesystem::path& jsonl,
                                     const std::vector<std::string>& classes, const std::vector<std::string>& tenants);

}  // namespace host::writers
