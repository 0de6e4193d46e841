// What records show of workloads.
#include <fmt/format.h>

#include "conformance/read_runs.hpp"
#include "conformance/requirement.hpp"

namespace host::conformance {
namespace {

std::string judges(const Evidence& evidence) {
  return in_each(evidence, [](const Seen& run) {
    const auto wrong = run.count("/ledger/wrong");
    return run.record.value("verdict", std::string()) == "wrong"
               ? fmt::format("it refused {} results, and the run as a whole", wrong)
               : std::string();
  });
}

std::string deterministic(const Evidence& evidence) {
  const Seen* first = nullptr;
  for (const auto& run : evidence.runs) {
    if (!run.finished() || run.count("/digested") == 0) continue;
    if (const auto n = run.count("/output_parity/unstable"); n != 0)
      return fmt::format("{} results differ between two serial executions", n);
    // of those that failed, or that a fault had part in, results may lack
    const auto disturbs = [](const auto& event) { return event.value("kind", "") != "mark"; };
    if (run.count("/ledger/outcomes/ok") != run.count("/ledger/offered") ||
        std::ranges::any_of(run.record.at("events"), disturbs))
      continue;
    if (first != nullptr && first->record.at("digest") != run.record.at("digest"))
      return fmt::format("results with {} and {} differ", first->with, run.with);
    first = &run;
  }
  if (first == nullptr) throw Skip{"no run without faults, changes and failures has digests"};
  return "";
}

std::string gives_digests(const Evidence& evidence) {
  return none_of(evidence, "/output_parity/none_expected", "results have none");
}

std::string succeeds(const Evidence& evidence) { return in_each(evidence, failures_of); }

constexpr Requirement requirements[] = {
    {"runs", "its runs come to an end", "each call has to return, throw nothing and not end the process", runs},
    {"judges", "it does not refuse what was executed rightly", "derive what is expected from seed and seq alone",
     judges},
    {"deterministic", "the same seed gives the same results, on any backend",
     "draw everything from sage::Draw(seed, ...) and seq", deterministic},
    {"gives-digests", "each result has a digest, or the pipeline says that there is none",
     "set out.digest, or SAGE_PIPELINE_NO_DIGEST", gives_digests},
    {"succeeds", "its operators do not fail", "see the text", succeeds},
};

}  // namespace

std::span<const Requirement> workload_requirements() { return requirements; }

}  // namespace host::conformance
