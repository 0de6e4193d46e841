#include "conformance/runs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "conformance/events.hpp"
#include "experiment/probes.hpp"
#include "experiment/run.hpp"

namespace host::conformance {
namespace {

using nlohmann::json;
using Options = std::vector<std::pair<std::string, std::string>>;

json record_of(const std::filesystem::path& folder) try {
  return json(experiment::read_record(folder)).value("metadata", json());
} catch (const base::Error&) {
  return nullptr;
}

// A name with a dot is of the plugin before the dot.
std::vector<catalog::Given> given(const Options& options) {
  std::vector<catalog::Given> out;
  for (const auto& [name, text] : options) {
    const auto dot = name.find('.');
    out.push_back({.owner = dot == std::string::npos ? "" : name.substr(0, dot),
                   .name = dot == std::string::npos ? name : name.substr(dot + 1),
                   .text = text,
                   .source = "plugin check"});
  }
  return out;
}

Options operator+(Options options, const Options& more) {
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

// How fast this machine is decides nothing.
const Options patience = {{"timeout", "10"}, {"drain_timeout", "5"}, {"parity_check", "300"}, {"open_timeout", "60"}};
Options closed_loop(int requests) {
  return patience + Options{{"arrival", "closed"}, {"concurrency", "8"}, {"total_requests", std::to_string(requests)},
                            {"warmup_items", "0"}, {"duration", "0"},    {"max_duration", "15"}};
}
Options all_at_once(int requests) {
  return patience + Options{{"arrival", "offline"},
                            {"total_requests", std::to_string(requests)},
                            {"warmup_items", "0"},
                            {"duration", "0"}};
}
Options evenly(double rate, double seconds) {
  return patience + Options{{"arrival", "constant"},
                            {"rate", fmt::format("{}", rate)},
                            {"total_requests", std::to_string(static_cast<int>(rate * seconds))},
                            {"warmup_items", "0"},
                            {"duration", "0"}};
}

class Trial {
 public:
  Trial(const catalog::Manifest& plugin, const catalog::Catalog& catalog, const std::filesystem::path& scratch,
        cell::StopSignals& stop)
      : catalog_(catalog), scratch_(scratch), stop_(stop), evidence_{plugin, {}} {}

  Evidence of_workload() {
    // It may need a load of its own, so it gets that, at the scale of a smoke run; that the generator may be late is
    // none of its faults.
    for (const auto* id : {"threads", "mock"}) {
      const auto& backend = catalog_.find(catalog::PluginKind::backend, id);
      auto options = patience + Options{{"quick", "true"}};
      if (backend.id == "mock") options.emplace_back("mock.operators", "true");
      run({.with = id}, evidence_.plugin, backend, options);
    }
    return std::move(evidence_);
  }

  Evidence of_backend(uint64_t seed) {
    with("q1", closed_loop(300) + Options{{"documents", "200"}});
    with("q6", closed_loop(300));
    if (evidence_.can("node-classes"))
      run({.purpose = Purpose::classes, .with = "q5"}, catalog_.find(catalog::PluginKind::workload, "q5"),
          evidence_.plugin, patience + Options{{"quick", "true"}});
    if (const auto file = timeline_manifest(catalog_); std::filesystem::exists(file)) {
      const auto timeline = catalog::read_manifest(file);
      on_timeline(timeline, seed);
      on_events(timeline);
    }
    return std::move(evidence_);
  }

 private:
  void with(const std::string& id, const Options& options) {
    run({.with = id}, catalog_.find(catalog::PluginKind::workload, id), evidence_.plugin, options);
  }

  void on_timeline(const catalog::Manifest& timeline, uint64_t seed) {
    const auto& backend = evidence_.plugin;
    const auto on = [&](Purpose purpose, const std::string& what, const Options& options, std::string scheduler = {}) {
      run({.purpose = purpose, .with = what, .scheduler = std::move(scheduler)}, timeline, backend, options);
    };
    const Options two_nodes = evidence_.can("nodes") ? Options{{"nodes", "2"}} : Options{};
    if (evidence_.can("keyed"))
      on(Purpose::keys, "keys",
         closed_loop(600) + two_nodes +
             Options{{"timeline.chain", "1"},  // what an earlier stage does may be done in any order
                     {"timeline.keyed", "true"},
                     {"timeline.keys", "3"},  // fewer than requests in flight
                     {"timeline.ordered", "true"},
                     {"timeline.hold_us", "100"}});
    else
      on(Purpose::keys, "a chain", closed_loop(600) + two_nodes + Options{{"timeline.hold_us", "100"}});
    auto rules = schedulers();
    if (rules.empty()) rules.emplace_back("default");
    for (const auto& rule : rules)
      on(Purpose::burst, "a burst, " + rule + " first",
         all_at_once(300) + Options{{"scheduler", rule},
                                    {"parallelism", "1"},
                                    {"timeline.chain", "1"},
                                    {"timeline.priorities", "3"},
                                    {"timeline.hold_us", "2000"}},
         rule);
    on(Purpose::fuzz, fmt::format("values of seed {}", seed),
       closed_loop(300) + Options{{"timeline.fuzz", std::to_string(seed)}, {"timeline.hold_us", "0"}});
    on(Purpose::giving_up, "little time",
       evenly(100, 2) + Options{{"timeout", "0.3"},  // at twice what one replica can do
                                {"parallelism", "1"},
                                {"timeline.chain", "1"},
                                {"timeline.hold_us", "20000"}});
  }

  void on_events(const catalog::Manifest& timeline) {
    // What starts slowly changes slowly.
    double gap_s = 0.2;
    for (const auto& run : evidence_.runs)
      if (run.finished()) gap_s = std::clamp(run.record.value("open_seconds", 0.0), gap_s, 4.0);
    constexpr double rate = 50;
    const auto on = [&](Purpose purpose, const char* what, const Events& events, const char* nodes) {
      if (events.end_s == 0) return;
      run({.purpose = purpose, .with = what}, timeline, evidence_.plugin,
          evenly(rate, events.end_s) + Options{{"timeline.events", events.json}, {"nodes", nodes}});
    };
    const auto& backend = evidence_.plugin;
    on(Purpose::events, "events of workers", claimed_events(backend, false, gap_s), "1");
    on(Purpose::events, "events of nodes", claimed_events(backend, true, gap_s), "2");
    on(Purpose::misuse, "impossible events of workers", impossible_events(backend, false, 0.05), "1");
    on(Purpose::misuse, "impossible events of nodes", impossible_events(backend, true, 0.05), "2");
  }

  [[nodiscard]] std::vector<std::string> schedulers() const {
    constexpr std::string_view prefix = "scheduler.";
    std::vector<std::string> out;
    for (const auto& capability : evidence_.plugin.capabilities)
      if (capability.starts_with(prefix)) out.push_back(capability.substr(prefix.size()));
    return out;
  }

  // After one that lost requests, or did not end by itself, the next one would only take its time.
  static bool ended_badly(const Seen& run) {
    const auto lost = run.count("/ledger/outcomes/unfinished") +
                      (run.purpose == Purpose::giving_up ? 0 : run.count("/ledger/outcomes/timeout"));
    return !run.report.place.empty() || lost != 0;
  }

  void run(Seen seen, const catalog::Manifest& workload, const catalog::Manifest& backend, const Options& options) {
    if (stop_.count() != 0 || std::ranges::any_of(evidence_.runs, ended_badly)) return;
    try {
      catalog::check_pairing(workload, backend);
    } catch (const base::Error&) {
      return;  // it does not claim to be able to
    }
    try {
      auto planned = experiment::plan_cell(cell::resolve(given(options), workload, backend), workload, backend,
                                           {"plugin", "check"});
      planned.search.reset();
      planned.spec.quiet = true;
      seen.report = experiment::run_cell(planned, {.root = scratch_}, stop_);
      seen.record = record_of(seen.report.folder);
    } catch (const base::Error& e) {
      seen.report = {.name = seen.with, .exit = e.code(), .text = e.what()};
    }
    evidence_.runs.push_back(std::move(seen));
  }

  const catalog::Catalog& catalog_;
  const std::filesystem::path& scratch_;
  cell::StopSignals& stop_;
  Evidence evidence_;
};

}  // namespace

Evidence try_runs(const catalog::Manifest& plugin, const catalog::Catalog& catalog,
                  const std::filesystem::path& scratch, uint64_t seed, cell::StopSignals& stop) {
  Trial trial(plugin, catalog, scratch, stop);
  return plugin.kind == catalog::PluginKind::backend ? trial.of_backend(seed) : trial.of_workload();
}

std::filesystem::path timeline_manifest(const catalog::Catalog& catalog) {
  return catalog.find(catalog::PluginKind::workload, "q1").file.parent_path() / "kit" / "timeline.toml";
}

}  // namespace host::conformance
