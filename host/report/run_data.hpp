// What the folder of one run has beyond its result record: progress, events, distributions, a sample of requests.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "metrics/histogram.hpp"

namespace host {

// Lines of records.jsonl by type, as they are (docs/records.md); empty where a file is missing, and `problems` says so.
struct RunData {
  std::vector<nlohmann::ordered_json> intervals;
  std::vector<nlohmann::ordered_json> events;    // their last state
  std::vector<nlohmann::ordered_json> timeline;  // a sample of requests with their steps
  std::map<std::string, Histogram> latency;      // of latency.hlog, by tag: "" = all, "class:chat", "phase:burst"
  std::vector<std::string> problems;
};

// Never throws for what a file holds: broken lines are problems.
RunData read_run_data(const std::filesystem::path& run_folder);

}  // namespace host
