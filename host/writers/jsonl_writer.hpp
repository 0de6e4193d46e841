// records.jsonl: the run as it happens, one JSON object a line. docs/records.md tells every type and field.
#pragma once

#include <filesystem>
#include <optional>

#include "base/background_sync.hpp"
#include "records/writer.hpp"
#include "writers/line_file.hpp"
#include "writers/request_line.hpp"

namespace host::writers {

// Flushed with every interval and event, so a kill -9 loses at most the last interval, and never half a line; on the
// disk once a second, so a power cut loses a second more.
class JsonlWriter final : public records::Writer {
 public:
  // `requests`: also a line for each RequestRow.
  JsonlWriter(const std::filesystem::path& file, bool requests);
  void begin(const records::RunInfo& info) override;
  void take(const records::Interval& interval) override;
  void take(const records::EventRecord& event) override;
  void take(std::span<const records::RequestRow> rows) override;
  void finish(const records::RunInfo& info, const records::RunResult& result) override;

 private:
  LineFile file_;
  base::BackgroundSync sync_;
  bool requests_;
  std::optional<RequestLine> line_;  // once the names of classes and tenants are known
};

}  // namespace host::writers
