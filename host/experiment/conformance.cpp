#include "experiment/conformance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "experiment/probes.hpp"
#include "experiment/run.hpp"

namespace host::experiment {
namespace {

using nlohmann::json;

// A run, and what is in its record.
struct Seen {
  std::string with;         // the other plugin's id
  cell::CellReport report;  // how it ended
  json record;              // `metadata`; null = it left none
  [[nodiscard]] uint64_t count(const char* pointer) const {
    const json::json_pointer at(pointer);
    return record.contains(at) && record[at].is_number() ? record[at].get<uint64_t>() : 0;
  }
  [[nodiscard]] bool finished() const { return record.is_object() && record.contains("ledger"); }
};

struct Evidence {
  const catalog::Manifest& plugin;
  std::vector<Seen> runs;
  [[nodiscard]] bool can(const char* capability) const {
    return std::ranges::find(plugin.capabilities, capability) != plugin.capabilities.end();
  }
};

// Empty: it is kept. Thrown: it cannot be told.
struct Skip {
  std::string why;
};

struct Requirement {
  const char* name;
  const char* text;
  const char* remedy;
  std::string (*problem)(const Evidence&);
};

// Of the runs that have a record: the first one's problem.
std::string in_each(const Evidence& evidence, const std::function<std::string(const Seen&)>& problem) {
  bool any = false;
  for (const auto& run : evidence.runs) {
    if (!run.finished()) continue;
    any = true;
    if (const auto text = problem(run); !text.empty()) return fmt::format("with {}: {}", run.with, text);
  }
  if (!any) throw Skip{"no run came to an end"};
  return "";
}

std::string none_of(const Evidence& evidence, const char* pointer, const char* what) {
  return in_each(evidence, [&](const Seen& run) {
    const auto n = run.count(pointer);
    return n == 0 ? std::string() : fmt::format("{} {}", n, what);
  });
}

std::string runs(const Evidence& evidence) {
  if (evidence.runs.empty()) throw Skip{"no shipped plugin can be its partner"};
  for (const auto& run : evidence.runs)
    if (!run.finished() || !run.report.place.empty()) return fmt::format("with {}: {}", run.with, run.report.text);
  return "";
}

std::string digests(const Evidence& evidence) {
  return in_each(evidence, [](const Seen& run) -> std::string {
    const auto& parity = run.record.at("output_parity");
    if (const auto& reason = parity.at("reason"); reason.is_string()) throw Skip{reason.get<std::string>()};
    if (run.count("/output_parity/none_expected") + run.count("/output_parity/unstable") != 0)
      throw Skip{"the workload gives none, or not the same twice"};
    const auto checked = run.count("/output_parity/checked"), equal = run.count("/output_parity/equal");
    return equal == checked ? "" : fmt::format("{} of {} differ", checked - equal, checked);
  });
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
  return in_each(evidence, [](const Seen& run) {
    const auto lost = run.count("/ledger/outcomes/unfinished") + run.count("/ledger/outcomes/timeout");
    return lost == 0 ? std::string() : fmt::format("{} of {} did not", lost, run.count("/ledger/offered"));
  });
}

std::string succeeds(const Evidence& evidence) {
  return in_each(evidence, [](const Seen& run) -> std::string {
    uint64_t failed = 0;
    for (const auto* how : {"error", "rejected", "cancelled"})
      failed += run.count(fmt::format("/ledger/outcomes/{}", how).c_str());
    failed -= std::min(failed, run.count("/ledger/unknown"));  // which counts as an error, and is told of its own
    if (failed == 0) return "";
    const auto& texts = run.record.at("failures");
    return fmt::format("{} of {} did not{}", failed, run.count("/ledger/offered"),
                       texts.empty() ? "" : ": " + texts[0].value("text", std::string()));
  });
}

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
    if (run.count("/ledger/outcomes/ok") != run.count("/ledger/offered") || !run.record.at("events").empty()) continue;
    if (first != nullptr && first->record.at("digest") != run.record.at("digest"))
      return fmt::format("results with {} and {} differ", first->with, run.with);
    first = &run;
  }
  if (first == nullptr) throw Skip{"no run without events and failures has digests"};
  return "";
}

std::string gives_digests(const Evidence& evidence) {
  return none_of(evidence, "/output_parity/none_expected", "results have none");
}

std::string ends_once(const Evidence& evidence) { return none_of(evidence, "/ledger/duplicate", "ended twice"); }
std::string known_ids(const Evidence& evidence) {
  return none_of(evidence, "/ledger/unexpected",
                 "outcomes were of requests that were never issued, or came after close");
}
std::string known_values(const Evidence& evidence) {
  return none_of(evidence, "/ledger/unknown", "outcomes have an unknown status or flag");
}
std::string stamps(const Evidence& evidence) { return none_of(evidence, "/ledger/bad_stamps", "cannot be"); }

constexpr Requirement of_backends[] = {
    {"runs", "its runs come to an end", "each call has to return, throw nothing and not end the process", runs},
    {"ends-once", "each request ends once", "send one terminal completion for each row that submit took", ends_once},
    {"known-ids", "only what was sent ends, and nothing after close",
     "complete ids of rows that were taken; end threads in close", known_ids},
    {"ends-all", "each request ends", "complete each row that submit took, failed ones with a status", ends_all},
    {"succeeds", "requests end ok", "see the text; execute run.operators, or refuse in open what cannot be", succeeds},
    {"known-values", "statuses and flags are those of the ABI", "use SAGE_DONE_* and SAGE_COMPLETION_*", known_values},
    {"stamps", "times of ends, begins and chunks are possible", "give times of host->now_ns, between sending and now",
     stamps},
    {"spans", "executions of steps are told as they were",
     "give each step once, after its inputs, before the request's end", spans},
    {"digests", "results are those of a serial execution",
     "pass on the outputs of operators unchanged, and the last step's digest", digests},
    {"submit-returns", "submit does not block", "hand rows to a thread of your own; take fewer when full",
     submit_returns},
    {"drains", "drain says true when nothing is outstanding", "wait until the last completion was sent", drains},
};
constexpr Requirement of_workloads[] = {
    {"runs", "its runs come to an end", "each call has to return, throw nothing and not end the process", runs},
    {"judges", "it does not refuse what was executed rightly", "derive what is expected from seed and seq alone",
     judges},
    {"deterministic", "the same seed gives the same results, on any backend",
     "draw everything from sage::Draw(seed, ...) and seq", deterministic},
    {"gives-digests", "each result has a digest, or the pipeline says that there is none",
     "set out.digest, or SAGE_PIPELINE_NO_DIGEST", gives_digests},
    {"succeeds", "its operators do not fail", "see the text", succeeds},
};

std::span<const Requirement> requirements(catalog::PluginKind kind) {
  if (kind == catalog::PluginKind::backend) return of_backends;
  return of_workloads;
}

json record_of(const std::filesystem::path& folder) try {
  return json(read_record(folder)).value("metadata", json());
} catch (const base::Error&) {
  return nullptr;
}

class Trial {
 public:
  Trial(const catalog::Manifest& plugin, const catalog::Catalog& catalog, const std::filesystem::path& scratch,
        cell::StopSignals& stop)
      : plugin_(plugin), catalog_(catalog), scratch_(scratch), stop_(stop), evidence_{plugin, {}} {}

  // A workload on a backend in the process, and in the simulator; a backend with pipelines, and with keys and
  // priorities.
  Evidence runs() {
    if (plugin_.kind == catalog::PluginKind::backend) {
      with("q1", {{"documents", "200"}});
      with("q6", {});
    } else {
      with("threads", {});
      with("mock", {{"mock.operators", "true"}});
    }
    return std::move(evidence_);
  }

 private:
  void with(const std::string& id, const std::vector<std::pair<std::string, std::string>>& options) {
    // After one that lost requests, or did not end by itself, the next one would only take its time.
    const auto bad = [](const Seen& run) {
      return !run.report.place.empty() ||
             run.count("/ledger/outcomes/unfinished") + run.count("/ledger/outcomes/timeout") != 0;
    };
    if (stop_.count() != 0 || std::ranges::any_of(evidence_.runs, bad)) return;
    const bool backend = plugin_.kind == catalog::PluginKind::backend;
    const auto& partner = catalog_.find(backend ? catalog::PluginKind::workload : catalog::PluginKind::backend, id);
    const auto& workload = backend ? partner : plugin_;
    const auto& runner = backend ? plugin_ : partner;
    Seen seen{.with = id, .report = {}, .record = nullptr};
    try {
      catalog::check_pairing(workload, runner);
    } catch (const base::Error&) {
      return;  // it does not claim to be able to
    }
    try {
      auto planned = plan_cell(cell::resolve(given(options), workload, runner), workload, runner, {"plugin", "check"});
      planned.search.reset();
      planned.spec.quiet = true;
      seen.report = run_cell(planned, {.root = scratch_}, stop_);
      seen.record = record_of(seen.report.folder);
    } catch (const base::Error& e) {
      seen.report = {.name = id, .exit = e.code(), .text = e.what()};
    }
    evidence_.runs.push_back(std::move(seen));
  }

  // For a backend a closed loop: how fast this machine is decides nothing. A workload may need a load of its own, so it
  // gets that, at the scale of a smoke run; a generator that is late is none of its faults.
  [[nodiscard]] std::vector<catalog::Given> given(
      const std::vector<std::pair<std::string, std::string>>& options) const {
    std::vector<std::pair<std::string, std::string>> all = {
        {"timeout", "10"}, {"drain_timeout", "5"}, {"parity_check", "300"}, {"open_timeout", "60"}};
    if (plugin_.kind == catalog::PluginKind::backend)
      all.insert(all.end(), {{"arrival", "closed"},
                             {"concurrency", "8"},
                             {"total_requests", "300"},
                             {"warmup_items", "0"},
                             {"duration", "0"},
                             {"max_duration", "15"}});
    else
      all.emplace_back("quick", "true");
    all.insert(all.end(), options.begin(), options.end());
    std::vector<catalog::Given> out;
    for (const auto& [name, text] : all) {
      const auto dot = name.find('.');
      out.push_back({.owner = dot == std::string::npos ? "" : name.substr(0, dot),
                     .name = dot == std::string::npos ? name : name.substr(dot + 1),
                     .text = text,
                     .source = "plugin check"});
    }
    return out;
  }

  const catalog::Manifest& plugin_;
  const catalog::Catalog& catalog_;
  const std::filesystem::path& scratch_;
  cell::StopSignals& stop_;
  Evidence evidence_;
};

}  // namespace

const char* to_string(Finding::Verdict verdict) {
  static constexpr const char* names[] = {"ok", "BROKEN", "skipped"};
  return names[static_cast<size_t>(verdict)];
}

std::vector<std::string> requirement_names(catalog::PluginKind kind) {
  std::vector<std::string> out;
  for (const auto& requirement : requirements(kind)) out.emplace_back(requirement.name);
  return out;
}

std::vector<Finding> try_plugin(const catalog::Manifest& plugin, const catalog::Catalog& catalog,
                                const std::filesystem::path& scratch, const std::vector<std::string>& only,
                                cell::StopSignals& stop) {
  const auto evidence = Trial(plugin, catalog, scratch, stop).runs();
  std::vector<Finding> out;
  for (const auto& requirement : requirements(plugin.kind)) {
    if (!only.empty() && std::ranges::find(only, requirement.name) == only.end()) continue;
    Finding finding{.requirement = requirement.name, .text = requirement.text};
    try {
      finding.detail = base::one_line(requirement.problem(evidence));
      if (!finding.detail.empty()) {
        finding.verdict = Finding::Verdict::broken;
        finding.remedy = requirement.remedy;
      }
    } catch (const Skip& skip) {
      finding.verdict = Finding::Verdict::skipped;
      finding.detail = base::one_line(skip.why);
    }
    out.push_back(std::move(finding));
  }
  return out;
}

}  // namespace host::experiment
