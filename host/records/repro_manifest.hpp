// What it takes to run the same thing again: repro_manifest.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "records/rows.hpp"

namespace host::records {

struct ReproInput {
  uint64_t requests = 0;  // of the whole schedule, warm-up included
  uint64_t warmup = 0;
  uint32_t parity_batch_size = 16;
  std::vector<std::string> command_line;
  nlohmann::json options;                    // of the run, of the load and of both plugins, with their values
  std::vector<std::filesystem::path> files;  // their SHA-256 is recorded; missing ones are left out
};

// Above this many requests the plan's lists are given as a count and the SHA-256 of their canonical JSON; above
// max_hashed_items as a count alone. They follow from seed, counts and batch size in any case.
inline constexpr uint64_t max_listed_items = 100'000;
inline constexpr uint64_t max_hashed_items = 1'000'000;

nlohmann::ordered_json repro_manifest(const RunInfo& info, const ReproInput& input);

// SHA-256 over the canonical JSON of a manifest but its member "sha256", where this stands.
std::string manifest_sha256(nlohmann::ordered_json manifest);

}  // namespace host::records
