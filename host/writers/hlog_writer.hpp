// latency.hlog: the response times of measured ok requests, in ns, for HdrHistogram tools and for reports.
#pragma once

#include <filesystem>
#include <utility>

#include "records/writer.hpp"

namespace host {

class HlogWriter final : public Writer {
 public:
  explicit HlogWriter(std::filesystem::path file) : file_(std::move(file)) {}
  void begin(const RunInfo& /*info*/) override {}
  void finish(const RunInfo& info, const RunResult& result) override;

 private:
  std::filesystem::path file_;
};

}  // namespace host
