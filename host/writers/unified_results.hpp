// unified_results.jsonl and .csv: one record a run, in the schema that comparison tools of the predecessor read.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "records/writer.hpp"

namespace host::writers {

// The keys of a record in their order; `metadata` follows them in JSON only.
std::span<const std::string_view> unified_columns();

// Latencies in ms, throughput in 1/s, success_rate 0..1; a value that was not measured is null. `metadata` holds the
// rest.
nlohmann::ordered_json unified_record(const records::RunInfo& info, const records::RunResult& result);

// Why a run has no result.
struct Failure {
  std::string reason;  // the line the user saw
  std::string signal;  // "SIGSEGV"; empty = it ended by itself
  std::string place;   // "backend.submit"; empty = not known
};
// The record of a run that died: every measure null.
nlohmann::ordered_json failed_record(const records::RunInfo& info, const Failure& failure);

std::string csv_header();
std::string csv_row(const nlohmann::ordered_json& record);

// Both files, each written beside its place and renamed: never seen half-written.
void write_unified_results(const std::filesystem::path& folder, std::span<const nlohmann::ordered_json> records);

class UnifiedResultsWriter final : public records::Writer {
 public:
  explicit UnifiedResultsWriter(std::filesystem::path folder) : folder_(std::move(folder)) {}
  void begin(const records::RunInfo& /*info*/) override {}
  void finish(const records::RunInfo& info, const records::RunResult& result) override;

 private:
  std::filesystem::path folder_;
};

}  // namespace host::writers
