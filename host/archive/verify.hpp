// Whether archived results are what was written: hashes, schema, ledger.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace host::archive {

struct VerifyFinding {
  enum class State { ok, note, failed };
  State state = State::ok;
  std::string what;    // "records.jsonl: ledger"
  std::string detail;  // what differs, with its place
};

// A run's folder (with a repro_manifest.json). Never throws for what a file holds.
std::vector<VerifyFinding> verify_run(const std::filesystem::path& folder);
// A folder of a paired run (with a manifest.json of that type): the SHA-256 of its files and its cells'.
std::vector<VerifyFinding> verify_pair(const std::filesystem::path& folder);
// A folder of an experiment (with state.json and experiment.toml): its file, and the SHA-256 of its cells' results.
std::vector<VerifyFinding> verify_experiment(const std::filesystem::path& folder);

}  // namespace host::archive
