// What records show of backends.
#include <fmt/format.h>

#include <set>

#include "conformance/read_runs.hpp"
#include "conformance/requirement.hpp"

namespace host::conformance {
namespace {

using nlohmann::json;

bool undisturbed(const Seen& run) {
  return run.purpose != Purpose::events && run.purpose != Purpose::misuse && run.purpose != Purpose::giving_up;
}

std::string digests(const Evidence& evidence) {
  bool any = false;
  auto why = std::string("no run came to an end");
  for (const auto& run : evidence.runs) {
    if (!run.finished()) continue;
    const auto& parity = run.record.at("output_parity");
    if (const auto& reason = parity.at("reason"); reason.is_string()) {
      why = reason.get<std::string>();
      continue;
    }
    if (run.count("/output_parity/none_expected") + run.count("/output_parity/unstable") != 0) {
      why = "the workload gives none, or not the same twice";
      continue;
    }
    any = true;
    const auto checked = run.count("/output_parity/checked"), equal = run.count("/output_parity/equal");
    if (equal != checked) return fmt::format("with {}: {} of {} differ", run.with, checked - equal, checked);
  }
  if (!any) throw Skip{why};
  return "";
}

std::string spans(const Evidence& evidence) {
  return in_each(evidence, [&](const Seen& run) -> std::string {
    if (const auto bad = run.count("/ledger/bad_spans"); bad != 0) return fmt::format("{} cannot be", bad);
    uint64_t told = 0;
    for (const auto& stage : run.record.at("/metrics/stages"_json_pointer))
      told += stage.value("executions", uint64_t{0});
    if (told == 0 && evidence.can("spans") && run.count("/ledger/outcomes/ok") != 0) return "it told none";
    if (told == 0) throw Skip{"its manifest does not claim spans, and it told none"};
    return "";
  });
}

std::string ends_all(const Evidence& evidence) {
  return in_each(
      evidence,
      [](const Seen& run) {
        const auto lost = run.count("/ledger/outcomes/unfinished") + run.count("/ledger/outcomes/timeout");
        return lost == 0 ? std::string() : fmt::format("{} of {} did not", lost, run.count("/ledger/offered"));
      },
      [](const Seen& run) { return run.purpose != Purpose::giving_up && run.purpose != Purpose::burst; });
}

std::string succeeds(const Evidence& evidence) { return in_each(evidence, failures_of, undisturbed); }

std::string submit_returns(const Evidence& evidence) {
  return in_each(evidence, [](const Seen& run) -> std::string {
    const auto blocking = run.count("/submit/blocking");
    return blocking * 10 <= run.count("/ledger/offered") ? "" : fmt::format("{} calls took more than 1 ms", blocking);
  });
}

std::string drains(const Evidence& evidence) {
  return in_each(evidence, [](const Seen& run) {
    return run.record.at("early_drain").is_null()
               ? std::string()
               : fmt::format("it said so with {} outstanding", run.count("/early_drain/outstanding"));
  });
}

std::string takes_bursts(const Evidence& evidence) {
  return in_each(
      evidence,
      [](const Seen& run) {
        uint64_t left = 0;
        for (const auto* how : {"cancelled", "unfinished", "timeout"})
          left += run.count(fmt::format("/ledger/outcomes/{}", how).c_str());
        return left == 0 ? std::string() : fmt::format("{} of {} were left", left, run.count("/ledger/offered"));
      },
      [](const Seen& run) { return run.purpose == Purpose::burst; });
}

std::string given_up(const Evidence& evidence) {
  return in_each(
      evidence,
      [](const Seen& run) -> std::string {
        if (run.record.value("clock", "") == "virtual") throw Skip{"in virtual time nobody waits for them"};
        const auto given = run.count("/ledger/outcomes/timeout"), late = run.count("/ledger/late");
        if (given == 0) throw Skip{"nothing was given up"};
        // an end that came between the limit and the host's look at it is neither
        return late * 10 >= given * 9 ? "" : fmt::format("{} were given up, and {} ended afterwards", given, late);
      },
      [](const Seen& run) { return run.purpose == Purpose::giving_up; });
}

std::string keyed(const Evidence& evidence) {
  if (!evidence.can("keyed")) throw Skip{"its manifest does not claim keyed"};
  return in_each(
      evidence,
      [](const Seen& run) -> std::string {
        const auto wrong = run.count("/ledger/wrong"), right = run.count("/ledger/passed");
        if (wrong == 0 && right == 0) throw Skip{"it executes nothing"};
        return wrong == 0 ? "" : fmt::format("{} of {} did not find the state of their key", wrong, wrong + right);
      },
      [](const Seen& run) { return run.purpose == Purpose::keys; });
}

std::string nodes(const Evidence& evidence) {
  if (!evidence.can("nodes")) throw Skip{"its manifest does not claim nodes"};
  return in_each(
      evidence,
      [](const Seen& run) -> std::string {
        uint64_t serving = 0;
        for (const auto& node : run.record.at("nodes")) serving += node.value("requests", uint64_t{0}) != 0 ? 1 : 0;
        return serving == 2 ? "" : fmt::format("{} of 2 served requests", serving);
      },
      [](const Seen& run) { return run.purpose == Purpose::keys; });
}

std::string node_classes(const Evidence& evidence) {
  if (!evidence.can("node-classes")) throw Skip{"its manifest does not claim node-classes"};
  return in_each(
      evidence,
      [](const Seen& run) -> std::string {
        std::set<double> speeds;
        const auto& all = run.record.at("nodes");
        for (const auto& node : all)
          if (const auto& capacity = node.at("capacity"); capacity.is_number()) speeds.insert(capacity.get<double>());
        return speeds.size() > 1 ? "" : fmt::format("{} nodes of different speeds have one capacity", all.size());
      },
      [](const Seen& run) { return run.purpose == Purpose::classes; });
}

// How much sooner than the least urgent ones the most urgent requests of a burst ended: below 1 = sooner. Skipped where
// nothing had to wait: executed one after the other, as asked, 300 of 2 ms take 600 ms.
double urgency(const Seen& run) {
  const auto mean = [&](size_t level) {
    const auto& classes = run.record.at("/metrics/classes"_json_pointer);
    const auto& value = level < classes.size() ? classes[level].at("latency_mean") : json();
    if (!value.is_number()) throw Skip{"no request of a level ended ok"};
    return value.get<double>();
  };
  const auto last = mean(run.record.at("/metrics/classes"_json_pointer).size() - 1);
  if (last < 50.0) throw Skip{"nothing had to wait"};
  return mean(0) / last;
}
// With equal numbers of three levels, a strict order of priority gives 1/5, arrival 1. What is in flight anyway, in
// batches say, is between the two.
constexpr double sooner = 0.75, alike = 0.8;

std::string schedulers(const Evidence& evidence) {
  bool any = false;
  for (const auto& run : evidence.runs) {
    if (run.purpose != Purpose::burst || run.scheduler == "default") continue;
    any = true;
    if (!run.finished()) return fmt::format("{}: {}", run.scheduler, run.report.text);
    const bool by_arrival = run.scheduler == "fifo" || run.scheduler == "load_aware";
    const bool by_urgency = run.scheduler == "priority" || run.scheduler == "hybrid" || run.scheduler == "slo_aware";
    const auto ratio = urgency(run);
    if (by_urgency && ratio > sooner)
      return fmt::format("{}: the most urgent requests took {:.2f} of the time of the least urgent", run.scheduler,
                         ratio);
    if (by_arrival && (ratio < alike || ratio > 1 / alike))
      return fmt::format("{}: some levels of priority took {:.2f} of the time of others", run.scheduler, ratio);
  }
  if (!any) throw Skip{"its manifest claims none"};
  return "";
}

std::string priority(const Evidence& evidence) {
  if (!evidence.can("priority")) throw Skip{"its manifest does not claim priority"};
  double best = 1;
  bool any = false;
  for (const auto& run : evidence.runs) {
    if (run.purpose != Purpose::burst || !run.finished()) continue;
    any = true;
    best = std::min(best, urgency(run));
  }
  if (!any) throw Skip{"no run came to an end"};
  return best <= sooner ? ""
                        : fmt::format(
                              "the most urgent requests took {:.2f} of the time of the least urgent, with any "
                              "scheduler",
                              best);
}

// The events of a run, each with the problem that `problem` sees in it.
std::string in_events(const Evidence& evidence, Purpose purpose, std::string (*problem)(const json&)) {
  bool any = false;
  for (const auto& run : evidence.runs) {
    if (run.purpose != purpose) continue;
    if (!run.finished()) throw Skip{"its run did not come to an end"};
    for (const auto& event : run.record.at("events")) {
      any = true;
      if (const auto text = problem(event); !text.empty())
        return fmt::format("{} {}: {}", event.value("kind", ""), event.value("target", ""), text);
    }
  }
  if (!any) throw Skip{"its manifest claims none"};
  return "";
}

std::string confirmed_once(const json& event) {
  const auto n = event.value("confirmations", uint64_t{0});
  if (n > 1) return fmt::format("it was confirmed {} times", n);
  if (event.value("status", "") == "issued") return "it was never confirmed";
  return event.value("status", "") == "done" ? "" : event.value("text", "");
}

std::string refused(const json& event) {
  if (event.value("kind", "") == "heal") return "";  // of what did not happen
  if (event.value("status", "") == "issued") return "it was never answered";
  if (event.value("status", "") == "done") return fmt::format("it was confirmed with {}", event.at("args").dump());
  return event.value("text", "").empty() ? "it gives no text" : "";
}

std::string events(const Evidence& evidence) { return in_events(evidence, Purpose::events, confirmed_once); }
std::string misuse(const Evidence& evidence) { return in_events(evidence, Purpose::misuse, refused); }

std::string ends_once(const Evidence& evidence) { return none_of(evidence, "/ledger/duplicate", "ended twice"); }
std::string known_ids(const Evidence& evidence) {
  return none_of(evidence, "/ledger/unexpected",
                 "outcomes were of requests that were never issued, or came after close");
}
std::string known_values(const Evidence& evidence) {
  return none_of(evidence, "/ledger/unknown", "outcomes have an unknown status or flag");
}
std::string stamps(const Evidence& evidence) { return none_of(evidence, "/ledger/bad_stamps", "cannot be"); }
std::string chunks(const Evidence& evidence) {
  return none_of(evidence, "/ledger/late_chunks", "came after the end of their request");
}

constexpr Requirement requirements[] = {
    {"runs", "its runs come to an end", "each call has to return, throw nothing and not end the process", runs},
    {"ends-once", "each request ends once", "send one terminal completion for each row that submit took", ends_once},
    {"known-ids", "only what was sent ends, and nothing after close",
     "complete ids of rows that were taken; end threads in close", known_ids},
    {"ends-all", "each request ends", "complete each row that submit took, failed ones with a status", ends_all},
    {"succeeds", "requests end ok", "see the text; execute run.operators, or refuse in open what cannot be", succeeds},
    {"known-values", "statuses and flags are those of the ABI", "use SAGE_DONE_* and SAGE_COMPLETION_*", known_values},
    {"stamps", "times of ends, begins and chunks are possible", "give times of host->now_ns, between sending and now",
     stamps},
    {"chunks", "chunks come before the end of their request", "send the terminal completion last", chunks},
    {"spans", "executions of steps are told as they were",
     "give each step once, after its inputs, before the request's end", spans},
    {"digests", "results are those of a serial execution",
     "pass on the outputs of operators unchanged, and the last step's digest", digests},
    {"submit-returns", "submit does not block", "hand rows to a thread of your own; take fewer when full",
     submit_returns},
    {"drains", "drain says true when nothing is outstanding", "wait until the last completion was sent", drains},
    {"takes-bursts", "a burst comes to its end: what it did not take at first it takes later",
     "take rows again when there is room", takes_bursts},
    {"given-up", "requests that nobody waits for any more still end",
     "complete each row once, those of `cancel` with SAGE_DONE_CANCELLED", given_up},
    {"keyed", "one key is served by one replica, in order", "route by sage_request.key; or do not claim keyed", keyed},
    {"nodes", "each node serves requests", "spread over run.nodes, and say which in completions and spans", nodes},
    {"node-classes", "nodes are of the speeds that the workload describes",
     "take run.node_descriptions, and give capacity in stats; or do not claim it", node_classes},
    {"schedulers", "what is first is what each scheduler says", "see docs/writing_a_backend.md; or do not claim it",
     schedulers},
    {"priority", "the urgent come before the others", "order what waits by priority; or do not claim it", priority},
    {"events", "each control event that it claims happens, and is confirmed once",
     "call event_done when the effect is there; or do not claim it", events},
    {"refuses-events", "control events that cannot be are refused, with a text",
     "look whether stage, worker and node are there; host->fail, then SAGE_INVALID", misuse},
};

}  // namespace

std::span<const Requirement> backend_requirements() { return requirements; }

}  // namespace host::conformance
