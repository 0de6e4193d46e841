// repro_manifest.json beside a run's results.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "records/repro_manifest.hpp"
#include "records/writer.hpp"

namespace host::writers {

// Give it last: its manifest names the files that the writers before it have finished, with their SHA-256.
class ReproWriter final : public records::Writer {
 public:
  // `options`: every option of the run with its value.
  ReproWriter(std::filesystem::path folder, uint32_t parity_batch_size, std::vector<std::string> command_line,
              nlohmann::json options)
      : folder_(std::move(folder)),
        parity_batch_size_(parity_batch_size),
        command_line_(std::move(command_line)),
        options_(std::move(options)) {}
  void begin(const records::RunInfo& info) override;  // without files: a run that is killed can be run again
  void finish(const records::RunInfo& info, const records::RunResult& result) override;

 private:
  std::filesystem::path folder_;
  uint32_t parity_batch_size_;
  std::vector<std::string> command_line_;
  nlohmann::json options_;
};

// Into `input.files` go all those beside it, and run.log only once seal_run() says that it has ended. Written beside
// its place and renamed.
void write_repro_manifest(const std::filesystem::path& folder, const records::RunInfo& info, records::ReproInput input);

// The last act on a run's folder, when nothing more is logged: run.log enters the manifest.
void seal_run(const std::filesystem::path& folder);

}  // namespace host::writers
