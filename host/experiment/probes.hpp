// The runs of a search, and the file that lets a search go on where it was cut off: probes.jsonl, a line for each run
// that ended. It is written beside its place and renamed after each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace host::experiment {

struct Probe {
  uint32_t nodes = 1;
  double rate = 0;  // 1/s, offered
  uint32_t repetition = 1;
  uint64_t seed = 0;
  std::string status;  // of its run: ok, failed, invalid
  std::string reason;  // if it is not ok
  std::string verdict;
  std::optional<double> attainment, throughput, goodput, latency_p99;
  [[nodiscard]] std::string name() const;  // of its folder: "n4-r98.99-2"
};

nlohmann::ordered_json to_json(const Probe& probe);

class Probes {
 public:
  // Begins the file in `folder`, or, when it is there, reads it. Throws Error(usage) when that was a search of another
  // configuration, Error(failed) when the file cannot be used.
  Probes(const std::filesystem::path& folder, const std::string& config_hash);
  [[nodiscard]] const Probe* find(uint32_t nodes, double rate, uint32_t repetition) const;
  const Probe& add(Probe probe);
  [[nodiscard]] const std::vector<Probe>& all() const { return probes_; }

 private:
  void write() const;
  std::filesystem::path file_;
  std::string config_hash_;
  std::vector<Probe> probes_;
};

// What the run in `folder` measured, from its unified_results.jsonl.
nlohmann::ordered_json read_record(const std::filesystem::path& folder);
void take_measures(Probe& probe, const nlohmann::ordered_json& record);

}  // namespace host::experiment
