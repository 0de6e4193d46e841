#include "report/merged_hlog.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compare/validity.hpp"
#include "records/hlog.hpp"

namespace host::report {
namespace {

void merge(std::vector<records::HlogEntry>& into, std::vector<records::HlogEntry> from) {
  for (auto& entry : from) {
    const auto known = std::ranges::find(into, entry.tag, &records::HlogEntry::tag);
    if (known == into.end()) {
      entry.begin_s = 0;
      into.push_back(std::move(entry));
      continue;
    }
    known->histogram.merge(entry.histogram);
    known->seconds += entry.seconds;
  }
}

// "Q6/13d033eb1dc6/ray": separators within the names would make one tag of two.
std::string tag_of(const compare::ComparedConfig& config, const compare::SideResults& side) {
  const auto part = [](std::string text) {
    for (auto& c : text)
      if (c == '/' || c == ',' || static_cast<unsigned char>(c) <= ' ') c = '_';
    return text;
  };
  return fmt::format("{}/{}/{}", part(config.workload), part(compare::config_name(config)), part(side.side));
}

}  // namespace

MergedHlog merged_hlog(const compare::Comparison& comparison) {
  MergedHlog out;
  std::vector<records::HlogEntry> entries;
  for (const auto& config : comparison.configs) {
    for (const auto& side : config.sides) {
      std::vector<records::HlogEntry> merged;
      for (const auto* run : side.repetitions) {
        std::error_code error;
        const auto file = run->folder / "latency.hlog";
        if (!compare::usable(*run) || run->folder.empty() || !std::filesystem::exists(file, error)) continue;
        try {
          merge(merged, records::read_hlog(file));
          ++out.runs;
        } catch (const std::exception& e) {
          out.problems.emplace_back(e.what());
        }
      }
      for (auto& entry : merged) {
        entry.tag = tag_of(config, side) + (entry.tag.empty() ? "" : "/" + entry.tag);
        entries.push_back(std::move(entry));
      }
    }
  }
  if (out.runs > 0)
    out.text = records::hlog_text(entries, fmt::format("response time in ns, merged from {} runs", out.runs));
  return out;
}

}  // namespace host::report
