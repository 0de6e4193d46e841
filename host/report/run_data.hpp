// What the folder of one run has beyond its result record: progress, events, distributions, a sample of requests.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "metrics/histogram.hpp"

namespace host::report {

// Lines of records.jsonl by type, as they are (docs/records.md); empty where a file is missing, and `problems` says so.
struct RunData {
  // At most `most_intervals`: of longer runs neighbours are merged, counts added, of latencies the worst kept, with
  // `merged` saying how many lines are in one.
  std::vector<nlohmann::ordered_json> intervals;
  std::vector<nlohmann::ordered_json> events;         // their last state
  std::vector<nlohmann::ordered_json> timeline;       // a sample of requests with their steps
  std::map<std::string, metrics::Histogram> latency;  // of latency.hlog, by tag: "" = all, "class:chat", "phase:burst"
  nlohmann::ordered_json frontier;                    // frontier.json of a search; null = none
  std::vector<std::string> problems;
};

constexpr size_t most_intervals = 1000;
constexpr size_t most_events = 10'000;  // of a run; more are left out, with a problem

// Never throws for what a file holds: broken lines are problems.
RunData read_run_data(const std::filesystem::path& run_folder);

}  // namespace host::report
