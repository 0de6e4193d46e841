// checkpoint.json: what a run that is not over yet came to, for the supervisor of a cell whose plugin takes the process
// along after the work is done. It goes when the results are written.
#pragma once

#include <filesystem>
#include <utility>

#include "records/writer.hpp"

namespace host::writers {

// Give it after the writers of results.
class CheckpointWriter final : public records::Writer {
 public:
  explicit CheckpointWriter(const std::filesystem::path& folder) : file_(folder / file_name) {}
  void begin(const records::RunInfo& /*info*/) override {}
  void keep(const records::RunInfo& info, const records::RunResult& result) override;
  void finish(const records::RunInfo& info, const records::RunResult& result) override;

  static constexpr auto file_name = "checkpoint.json";

 private:
  std::filesystem::path file_;
};

}  // namespace host::writers
