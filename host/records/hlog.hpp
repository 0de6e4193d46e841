// Histograms as other HdrHistogram tools read them: the V2 compressed encoding and the log format 1.3 around it.
// By hand: the C library encodes only histograms of its own, and trusts the sizes that a file names.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/histogram.hpp"

namespace host::records {

struct HlogEntry {
  std::string tag;  // "" = none, "class:chat"; no comma, blank or newline
  double begin_s = 0;
  double seconds = 0;
  metrics::Histogram histogram;  // ns
};

// "class:chat", with what a tag must not hold as "_".
std::string hlog_tag(std::string_view kind, std::string_view name);

// `comment`: one line.
std::string hlog_text(const std::vector<HlogEntry>& entries, std::string_view comment);
// Throws Error(failed) with file and line for what is no such log.
std::vector<HlogEntry> read_hlog(const std::filesystem::path& file);

}  // namespace host::records
