#include "writers/unified_results.hpp"

#include <array>

#include "base/json_fields.hpp"
#include "base/output_file.hpp"
#include "records/result_json.hpp"
#include "records/summary.hpp"

namespace host::writers {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 15> columns = {"backend",     "workload",    "run_id",       "seed",
                                                      "nodes",       "parallelism", "throughput",   "latency_p50",
                                                      "latency_p95", "latency_p99", "success_rate", "duration_seconds",
                                                      "timestamp",   "config_hash", "backend_hash"};

// All keys present, the measures null.
Json empty_record(const records::RunInfo& info) {
  Json record;
  for (const auto column : columns) record[std::string(column)] = nullptr;
  record["backend"] = info.backend;
  record["workload"] = info.workload;
  record["run_id"] = info.run_id;
  record["seed"] = info.seed;
  record["nodes"] = info.nodes;
  record["parallelism"] = info.parallelism;
  record["timestamp"] = info.started_at;
  record["config_hash"] = info.config_hash;
  record["backend_hash"] = info.backend_hash;
  return record;
}

Json run_metadata(const records::RunInfo& info) {
  Json out = {{"scheduler", info.scheduler},
              {"quick", info.quick},
              {"clock", info.clock},
              {"classes", info.classes},
              {"tenants", info.tenants},
              {"config", info.config},
              {"backend_config", info.backend_config},
              {"environment", info.environment}};
  if (!info.pair.is_null()) out["pair"] = info.pair;
  if (!info.experiment.is_null()) out["experiment"] = info.experiment;
  return out;
}

// RFC 4180, as Python's csv module writes by default.
std::string csv_field(const Json& value) {
  if (value.is_null()) return "";
  const auto text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

}  // namespace

std::span<const std::string_view> unified_columns() { return columns; }

Json unified_record(const records::RunInfo& info, const records::RunResult& result) {
  auto record = empty_record(info);
  const auto total = records::summarize(result).total;
  for (const auto* name : {"throughput", "latency_p50", "latency_p95", "latency_p99", "success_rate"})
    if (const auto value = total.value(name)) record[name] = *value;
  if (result.window_s > 0) record["duration_seconds"] = result.window_s;
  record["metadata"] = records::to_json(result);
  record["metadata"].update(run_metadata(info));
  return record;
}

Json failed_record(const records::RunInfo& info, const Failure& failure) {
  auto record = empty_record(info);
  record["metadata"] = {{"status", records::to_string(records::RunStatus::failed)},
                        {"reason", failure.reason},
                        {"reasons", Json::array({failure.reason})},
                        {"signal", base::or_null(failure.signal)},
                        {"place", base::or_null(failure.place)}};
  record["metadata"].update(run_metadata(info));
  return record;
}

std::string csv_header() {
  std::string out;
  for (const auto column : columns) out += (out.empty() ? "" : ",") + std::string(column);
  return out + "\r\n";
}

std::string csv_row(const Json& record) {
  std::string out;
  for (const auto column : columns) {
    if (column != columns.front()) out += ',';
    out += csv_field(record.at(std::string(column)));
  }
  return out + "\r\n";
}

void write_unified_results(const std::filesystem::path& folder, std::span<const Json> records) {
  std::string jsonl;
  auto csv = csv_header();
  for (const auto& record : records) {
    jsonl += record.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
    csv += csv_row(record);
  }
  base::write_file(folder / "unified_results.jsonl", jsonl);
  base::write_file(folder / "unified_results.csv", csv);
}

void UnifiedResultsWriter::finish(const records::RunInfo& info, const records::RunResult& result) {
  const auto record = unified_record(info, result);
  write_unified_results(folder_, {&record, 1});
}

}  // namespace host::writers
