// What a run came to, for a person to read at its end.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "records/writer.hpp"

namespace host::writers {

// Header, a table of classes, tenants and phases, stages, ledger, generator, verdict. Up to about 100 columns wide.
std::string summary_table(const records::RunInfo& info, const records::RunResult& result);

// Columns as wide as their widest cell, two spaces between; the first to the left, the others to the right.
std::string text_table(const std::vector<std::vector<std::string>>& rows);

// Prints it when the run finishes, with the files that lie in its folder.
class SummaryTable final : public records::Writer {
 public:
  SummaryTable(std::FILE* out, std::filesystem::path folder) : out_(out), folder_(std::move(folder)) {}
  void begin(const records::RunInfo& /*info*/) override {}
  void finish(const records::RunInfo& info, const records::RunResult& result) override;

 private:
  std::FILE* out_;
  std::filesystem::path folder_;
};

}  // namespace host::writers
