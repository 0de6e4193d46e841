#include "conformance/read_runs.hpp"

#include <fmt/format.h>

namespace host::conformance {

std::string in_each(const Evidence& evidence, const std::function<std::string(const Seen&)>& problem,
                    const std::function<bool(const Seen&)>& concerns) {
  bool any = false;
  for (const auto& run : evidence.runs) {
    if (!run.finished() || (concerns && !concerns(run))) continue;
    any = true;
    if (const auto text = problem(run); !text.empty()) return fmt::format("with {}: {}", run.with, text);
  }
  if (!any) throw Skip{"no run of it came to an end"};
  return "";
}

std::string none_of(const Evidence& evidence, const char* pointer, const char* what) {
  return in_each(evidence, [&](const Seen& run) {
    const auto n = run.count(pointer);
    return n == 0 ? std::string() : fmt::format("{} {}", n, what);
  });
}

std::string failures_of(const Seen& run) {
  uint64_t failed = 0;
  for (const auto* how : {"error", "rejected", "cancelled"})
    failed += run.count(fmt::format("/ledger/outcomes/{}", how).c_str());
  failed -= std::min(failed, run.count("/ledger/unknown"));  // which counts as an error, and is told of its own
  if (failed == 0) return "";
  const auto& texts = run.record.at("failures");
  return fmt::format("{} of {} did not{}", failed, run.count("/ledger/offered"),
                     texts.empty() ? "" : ": " + texts[0].value("text", std::string()));
}

std::string runs(const Evidence& evidence) {
  if (evidence.runs.empty()) throw Skip{"no shipped plugin can be its partner"};
  for (const auto& run : evidence.runs)
    if (!run.finished() || !run.report.place.empty()) return fmt::format("with {}: {}", run.with, run.report.text);
  return "";
}

}  // namespace host::conformance
