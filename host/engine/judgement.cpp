#include "engine/judgement.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/quote.hpp"
#include "engine/participation.hpp"

namespace host::engine {

namespace {
constexpr double impossible_max = 0.001;  // stamps or spans, of the requests
}

void judge_run(const EngineConfig& config, const EngineInput& input, const RunEnd& end, records::RunResult& r) {
  const auto& backend = input.backend->manifest.id;
  const auto worsen = [&](records::RunStatus status, base::Exit exit, std::string reason) {
    if (r.status == records::RunStatus::ok) {
      r.status = status;
      r.exit = exit;
    }
    r.reasons.push_back(std::move(reason));
  };
  const auto& ledger = r.ledger;
  if (r.verdict == "wrong")
    worsen(records::RunStatus::failed, base::Exit::failed,
           fmt::format("the workload's check refused the results ({} requests wrong)", ledger.wrong));
  if (r.parity.unstable != 0)
    worsen(records::RunStatus::failed, base::Exit::failed,
           fmt::format("workload {} is not deterministic: {} of {} results differ between two serial executions, so no "
                       "backend can be judged by them; its operators must be functions of seed and request alone",
                       input.workload->manifest.id, r.parity.unstable, r.parity.checked));
  else if (r.parity.none_expected != 0)
    worsen(records::RunStatus::failed, base::Exit::failed,
           fmt::format("the operators of workload {} gave no digest, or failed, for {} of {} requests in a serial "
                       "execution; its pipelines have to say so where there is none (SAGE_PIPELINE_NO_DIGEST)",
                       input.workload->manifest.id, r.parity.none_expected, r.parity.checked));
  else if (r.parity.equal != r.parity.checked)
    worsen(records::RunStatus::failed, base::Exit::failed,
           fmt::format("{} of {} results differ from those of a serial execution (seq {}{}): the backend changed them",
                       r.parity.checked - r.parity.equal, r.parity.checked, fmt::join(r.parity.differing, ", "),
                       r.parity.missing == 0 ? "" : fmt::format("; {} have no digest", r.parity.missing)));
  const auto measured = r.cells ? r.cells->sum() : metrics::Counters();
  if (measured.offered == 0 && end.stops == 0)
    worsen(records::RunStatus::failed, base::Exit::failed,
           fmt::format("no measured request was offered{}: ask for more requests, or a longer time",
                       ledger.warmup > 0 ? fmt::format(", only {} of the warm-up", ledger.warmup) : ""));
  else if (measured.offered != 0 && measured.outcomes[static_cast<size_t>(metrics::Outcome::ok)] == 0)
    worsen(records::RunStatus::failed, base::Exit::failed,
           r.failures.empty()
               ? "no measured request succeeded"
               : fmt::format("no measured request succeeded; {} times: {}", r.failures[0].count, r.failures[0].text));
  if (end.out_of_time)
    worsen(records::RunStatus::invalid, base::Exit::invalid,
           fmt::format("the load did not end within {:g} s (--max-duration) and was ended: the result covers what was "
                       "offered until then; lower the load, or allow it more time",
                       config.longest_s));
  if (end.stops > (end.out_of_time ? 1 : 0))
    worsen(records::RunStatus::interrupted, base::Exit::interrupted,
           "interrupted: the result covers what was offered until then");
  if (const auto& never = end.events_after_end; !never.empty() && end.stops == 0)
    worsen(records::RunStatus::invalid, base::Exit::invalid,
           fmt::format(
               "{} of the workload's events never happened, since they were due after the end (the first: {} at "
               "{:g} s): ask for a longer run, or for earlier events",
               never.size(), base::in_quotes(never.front().target), static_cast<double>(never.front().due_ns) / 1e9));
  if (ledger.duplicate != 0)
    worsen(
        records::RunStatus::invalid, base::Exit::invalid,
        fmt::format("{} requests had more than one terminal outcome: the backend completes twice", ledger.duplicate));
  if (ledger.unexpected != 0)
    worsen(records::RunStatus::invalid, base::Exit::invalid,
           fmt::format("{} outcomes for requests that were never issued, or after close", ledger.unexpected));
  if (ledger.unknown != 0)
    worsen(
        records::RunStatus::invalid, base::Exit::invalid,
        fmt::format("backend {} gave {} outcomes with a status or a flag that the plugin ABI does not define; what it "
                    "meant is not known",
                    backend, ledger.unknown));
  const auto too_many = [&](uint64_t n) {
    return static_cast<double>(n) > impossible_max * static_cast<double>(ledger.offered);
  };
  if (too_many(ledger.bad_stamps))
    worsen(
        records::RunStatus::invalid, base::Exit::invalid,
        fmt::format("backend {} gave {} impossible times of ends, begins and chunks for {} requests, before they were "
                    "sent or in the future; more than {:g} % of the latencies are not its own",
                    backend, ledger.bad_stamps, ledger.offered, impossible_max * 100));
  if (too_many(ledger.bad_spans))
    worsen(records::RunStatus::invalid, base::Exit::invalid,
           fmt::format("backend {} told {} impossible spans for {} requests: of unknown steps or nodes, twice, before "
                       "their inputs or in the future; the times of stages are not its own",
                       backend, ledger.bad_spans, ledger.offered));
  if (const auto& idle = end.idle_nodes; !idle.empty())
    worsen(
        records::RunStatus::invalid, base::Exit::invalid,
        fmt::format("{} served none of {} requests, and no fault or change explains it: the result is not of as many "
                    "nodes as were asked for; see why backend {} gave no work there, or ask for fewer nodes, or for "
                    "more load",
                    nodes_text(idle), measured.outcomes[static_cast<size_t>(metrics::Outcome::ok)], backend));
  if (!ledger.balanced()) worsen(records::RunStatus::invalid, base::Exit::invalid, "the ledger does not balance");
  if (r.settle_dropped != 0)
    worsen(records::RunStatus::invalid, base::Exit::invalid,
           fmt::format("{} results came faster than the workload could judge them", r.settle_dropped));
  // The p99, or with fewer than 1000 samples the highest percentile that ten samples support.
  const auto samples = static_cast<double>(r.lateness.count());
  const auto q = std::min(0.99, 1 - 10 / std::max(samples, 1.0));
  const auto lateness = r.lateness.quantile(std::max(q, 0.0));
  if (end.open_loop && !config.virtual_time && q >= 0.5 && lateness > r.lateness_budget_ns)
    worsen(records::RunStatus::invalid, base::Exit::invalid,
           fmt::format("the load generator was late: p{:.3g} {:.3f} ms, budget {:.3f} ms; lower --rate or free a core",
                       q * 100, static_cast<double>(lateness) / 1e6, static_cast<double>(r.lateness_budget_ns) / 1e6));
  if (!end.drained && ledger.outcomes[static_cast<size_t>(metrics::Outcome::unfinished)] != 0)
    r.notes["drain"] =
        fmt::format("{} requests had no outcome when the drain of {} s ended",
                    ledger.outcomes[static_cast<size_t>(metrics::Outcome::unfinished)], config.load.drain_timeout_s);
}

}  // namespace host::engine
