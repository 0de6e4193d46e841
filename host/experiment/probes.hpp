// The runs of a search: kept in its state.json, from which a search that was cut off goes on, and for people and
// programs in probes.jsonl, a line for each run that ended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiment/search_spec.hpp"

namespace host::experiment {

struct Probe {
  uint32_t nodes = 1;
  double rate = 0;  // 1/s, offered
  uint32_t repetition = 1;
  uint64_t seed = 0;
  std::string status = {};  // of its run: ok, failed, invalid
  std::string reason = {};  // if it is not ok
  std::string verdict = {};
  std::string signal = {};             // that its process died of
  std::optional<double> subject = {};  // the metric that the search looks at
  std::optional<double> attainment = {}, throughput = {}, goodput = {}, latency_p99 = {};
  bool limited_by_driver = false;
  [[nodiscard]] std::string name() const;  // of its folder: "n4-r98.99-2"
  // Its figures tell of its rate: it did not fail, or failed because no request succeeded. Others are tried again on
  // --resume.
  [[nodiscard]] bool answers() const { return status != "failed" || (attainment == 0.0 && signal.empty()); }
};

nlohmann::ordered_json to_json(const Probe& probe);

class Probes {
 public:
  // Begins the search in `folder`, or takes up the one that is there; `plan`, as of write_state, has its config_hash.
  // Throws Error(usage) when that was a search of another configuration, or its state cannot be used.
  Probes(std::filesystem::path folder, nlohmann::ordered_json plan);
  [[nodiscard]] const Probe* find(uint32_t nodes, double rate, uint32_t repetition) const;
  const Probe& add(Probe probe);
  [[nodiscard]] const std::vector<Probe>& all() const { return probes_; }

 private:
  void write() const;
  std::filesystem::path folder_;
  nlohmann::ordered_json plan_;
  std::vector<Probe> probes_;
};

// What the run in `folder` measured, from its unified_results.jsonl.
nlohmann::ordered_json read_record(const std::filesystem::path& folder);
void take_measures(Probe& probe, const nlohmann::ordered_json& record, const SearchSpec& search);

}  // namespace host::experiment
