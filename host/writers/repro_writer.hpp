// repro_manifest.json beside a run's results.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "writers/writer.hpp"

namespace host {

// Give it last: its manifest names the files that the writers before it have finished, with their SHA-256.
class ReproWriter final : public Writer {
 public:
  ReproWriter(std::filesystem::path folder, uint32_t parity_batch_size, std::vector<std::string> command_line)
      : folder_(std::move(folder)), parity_batch_size_(parity_batch_size), command_line_(std::move(command_line)) {}
  void begin(const RunInfo& /*info*/) override {}
  void finish(const RunInfo& info, const RunResult& result) override;

 private:
  std::filesystem::path folder_;
  uint32_t parity_batch_size_;
  std::vector<std::string> command_line_;
};

}  // namespace host
