// Results as they were archived: unified_results.jsonl and .csv, ours and those of the Python package.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "records/scoped_metrics.hpp"

namespace host::compare {

// One repetition of a workload on a backend.
struct ResultRecord {
  std::string backend;
  std::string workload;
  std::string run_id;
  std::string timestamp;
  std::string config_hash;
  std::string backend_hash;
  std::optional<int64_t> seed;
  std::optional<int64_t> nodes;
  std::optional<int64_t> parallelism;
  std::optional<double> throughput;    // 1/s
  std::optional<double> latency_p50;   // ms
  std::optional<double> latency_p95;   // ms
  std::optional<double> latency_p99;   // ms
  std::optional<double> success_rate;  // 0..1
  std::optional<double> duration_seconds;
  nlohmann::ordered_json columns;  // every column as it was read, `metadata` and unknown ones included

  std::string side;              // what it is compared as: its backend, its input, or values of keys (sides_by.hpp)
  std::string group;             // with whom: with records of the same; empty = of the same configuration
  std::string label;             // what tells its group from others, "rate = 20"; empty without a group
  std::filesystem::path file;    // where it was read,
  size_t line = 0;               // from 1
  std::filesystem::path folder;  // with its artefacts: records.jsonl, latency.hlog, frontier.json; empty = none

  // The status of the run in the words of records.jsonl. Records of the Python package have none and count as ok; a row
  // of a CSV, which says neither status nor clock, is "unjudged".
  [[nodiscard]] std::string status() const;
  // A value below `metadata`, by path: {"metrics", "total", "goodput"}. Null if it is not there.
  [[nodiscard]] const nlohmann::ordered_json& metadata(std::initializer_list<std::string_view> path) const;
};

// Everything that a record has measured, whether or not it is compared: its columns, which are all that results of the
// Python package have, those of a search, and its metrics.
std::vector<records::ScopedMetric> metrics_of(const ResultRecord& record);

// A line that is no record; the rest of its file is read all the same.
struct InputProblem {
  std::filesystem::path file;
  size_t line = 0;
  std::string text;
};

enum class Sides { by_backend, by_input };

// Runs that were meant to be alike and were not.
struct Mismatch {
  std::string workload;
  std::string run_id;                         // empty where it does not tell runs of different sides together
  std::string field;                          // "seed", "machine", "backend option service_ms", ...
  std::map<std::string, std::string> values;  // by side
  std::string group = {};                     // of records; empty = of configurations
  std::string label = {};                     // of the group
  bool forbids = false;                       // the group's verdict is invalid for it
};

struct ResultSet {
  std::vector<ResultRecord> records;  // in the order of the inputs; within a folder by path
  std::vector<InputProblem> problems;
  std::vector<Mismatch> mismatches = {};  // between the sides of groups; where there are none compare() looks itself
};

// Each input is such a file, or a folder that is searched recursively (not below `probes`, whose runs are steps of a
// search). The same record in several files (.csv beside .jsonl, a paired run's collection beside its cells) counts
// once. Throws Error(usage) when an input does not exist or there is no record at all.
ResultSet read_results(std::span<const std::filesystem::path> inputs, Sides sides = Sides::by_backend);

}  // namespace host::compare
