// latency.hlog: the response times of measured ok requests, in ns, for HdrHistogram tools and for reports.
#pragma once

#include <filesystem>
#include <utility>

#include "records/writer.hpp"

namespace host::writers {

class HlogWriter final : public records::Writer {
 public:
  explicit HlogWriter(std::filesystem::path file) : file_(std::move(file)) {}
  void begin(const records::RunInfo& /*info*/) override {}
  void finish(const records::RunInfo& info, const records::RunResult& result) override;

 private:
  std::filesystem::path file_;
};

}  // namespace host::writers
