// An experiment as its TOML file has it: what is compared, at which points, how often. Read strictly, checked as far as
// that is possible without knowing a plugin.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/flag.hpp"

namespace host::experiment {

// An option with its value: as text for the plan, as it stood in the file for records.
struct OptionEntry {
  std::string key;  // "rate", "mock.service_ms"
  catalog::Given given;
  nlohmann::json value;
};

struct SideEntry {
  std::string name;
  std::string backend = {};      // empty = that of the file
  std::string plugin_path = {};  // searched first; relative to the file
  std::vector<OptionEntry> options = {};
  std::string where = {};  // "x.toml:12:3"
};

// A list of values that one option takes, one after the other.
struct Axis {
  std::string key;
  std::vector<OptionEntry> values;
  std::string where;
};

struct PointEntry {
  std::string name;
  std::vector<OptionEntry> options;
};

// In place of an axis: the largest value with which the subject is met.
struct SearchEntry {
  std::string maximise = "rate";
  std::string subject_to = "slo_attainment >= 0.9";
  uint32_t repeat = 3;
  double tolerance = 0.05;
  std::string where = {};
};

struct ExperimentFile {
  std::string title;
  std::string question = {};
  std::string reading = {};
  std::string workload = {};
  std::string backend = {};
  uint32_t repeat = 3;          // blocks; with `until`, of the first stage
  std::string until = {};       // "latency_p99 +-5%"; empty = as many as `repeat` says
  uint32_t repeat_max = 20;     // with `until`
  double time_max_s = 0;        // 0 = none
  bool seed_per_block = false;  // else one for all
  double cooldown_s = 1;        // between two cells
  std::vector<OptionEntry> options = {};
  std::vector<SideEntry> sides = {};
  std::vector<Axis> axes = {};
  std::vector<PointEntry> points = {};
  std::optional<SearchEntry> search = {};
  std::string baseline = {};  // a side; empty = the first
  std::string margin = "5%";
  std::string gate = {};
  bool gate_lenient = false;
};

// `file` is for messages. `quick`: with what [quick] says. Throws Error(usage), "x.toml:12:3: what is wrong; what would
// be right".
ExperimentFile read_experiment_file(std::string_view text, const std::string& file, bool quick);

// "90s", "30m", "2h", "90". Throws Error(usage) that begins with `source`.
double read_duration_s(std::string_view text, const std::string& source);

}  // namespace host::experiment
