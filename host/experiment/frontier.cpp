#include "experiment/frontier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/number_text.hpp"
#include "cell/failure_record.hpp"
#include "cell/run_folder.hpp"
#include "records/run_id.hpp"

namespace host::experiment {
namespace {

cell::CellSpec probe_cell(const cell::CellSpec& search, const Probe& probe) {
  auto cell = search;
  cell.quiet = true;
  cell.nodes = probe.nodes;
  cell.seed = probe.seed;
  cell.load["rate"] = probe.rate;
  cell.config["nodes"] = probe.nodes;
  cell.config["seed"] = probe.seed;
  cell.config["load"]["rate"] = probe.rate;
  cell.config_hash = base::config_hash(cell.config);
  cell.run_id = fmt::format("{}-{}", search.run_id, probe.name());
  cell.folder = search.folder / "probes" / probe.name();
  return cell;
}

class Search {
 public:
  Search(const cell::CellSpec& cell, const SearchSpec& spec, Probes& probes, cell::StopSignals& stop)
      : cell_(cell), spec_(spec), probes_(probes), stop_(stop) {}

  FrontierPoint find(uint32_t nodes, double first_rate) {
    FrontierPoint point{nodes, {}, {}};
    note_.clear();
    point.found = find_capacity({.first_rate = first_rate, .tolerance = spec_.tolerance},
                                [&](double rate) { return ask(nodes, rate); });
    if (!point.found.stopped && !point.found.low)
      note_ = "no rate met the objectives";
    else if (!point.found.stopped && !point.found.high)
      note_ = "no rate that was offered missed them";
    else if (!point.found.stopped && !point.found.unusable)
      note_.clear();
    point.note = note_;
    return point;
  }

 private:
  // All repetitions must meet; the first that does not decides.
  RateAnswer ask(uint32_t nodes, double rate) {
    for (uint32_t repetition = 1; repetition <= spec_.repeat; ++repetition) {
      const auto* known = probes_.find(nodes, rate, repetition);
      const bool again = known != nullptr;
      if (!again) known = run(nodes, rate, repetition);
      if (known == nullptr) return RateAnswer::stopped;
      const auto answer = judge(*known);
      fmt::print(stderr, "sage-host: {} node{}, {:.15g}/s ({} of {}): {} met, p99 {} ms: {}{}\n", nodes,
                 nodes == 1 ? "" : "s", rate, repetition, spec_.repeat, base::share_text(known->attainment),
                 base::ms_text(known->latency_p99), text_of(answer), again ? ", as known before" : "");
      if (answer != RateAnswer::meets) return answer;
    }
    return RateAnswer::meets;
  }

  RateAnswer judge(const Probe& probe) {
    if (probe.verdict == "wrong" || (probe.status == "failed" && !probe.attainment)) {
      note_ = fmt::format("at {:.15g}/s: {}", probe.rate, probe.reason);
      return RateAnswer::stopped;
    }
    if (probe.status == "invalid") {
      note_ = fmt::format("at {:.15g}/s the run was INVALID: {}", probe.rate, probe.reason);
      return RateAnswer::unusable;
    }
    return probe.attainment && *probe.attainment >= spec_.attainment ? RateAnswer::meets : RateAnswer::misses;
  }

  static const char* text_of(RateAnswer answer) {
    switch (answer) {
      case RateAnswer::meets:
        return "meets";
      case RateAnswer::misses:
        return "misses";
      case RateAnswer::unusable:
        return "INVALID";
      case RateAnswer::stopped:
        break;
    }
    return "failed";
  }

  // Null when asked to stop.
  const Probe* run(uint32_t nodes, double rate, uint32_t repetition) {
    if (stop_.count() > 0) return interrupted();
    Probe probe{nodes, rate, repetition, cell_.seed + repetition - 1, {}, {}, {}, {}, {}, {}, {}};
    auto cell = probe_cell(cell_, probe);
    const cell::ScratchDir scratch;
    cell.scratch_dir = scratch.path();
    std::filesystem::remove_all(cell.folder);  // of a run that was cut off
    std::filesystem::create_directories(cell.folder);
    const auto end = cell::supervise(cell, stop_);
    if (stop_.count() > 0) return interrupted();
    if (end.kind == cell::CellEnd::Kind::refused) throw base::Error(end.exit, end.reason);
    if (end.kind != cell::CellEnd::Kind::finished && !cell::record_failure(cell, end))
      throw base::Error(base::Exit::failed,
                        fmt::format("{}; that could not be recorded in {}", end.reason, cell.folder.string()));
    take_measures(probe, read_record(cell.folder));
    return &probes_.add(std::move(probe));
  }

  const Probe* interrupted() {
    note_ = fmt::format("interrupted; go on with --resume {}", cell_.run_id);
    return nullptr;
  }

  const cell::CellSpec& cell_;
  const SearchSpec& spec_;
  Probes& probes_;
  cell::StopSignals& stop_;
  std::string note_;
};

}  // namespace

cell::CellReport run_frontier(const cell::CellSpec& planned, const SearchSpec& spec, const cell::CellPlace& place,
                              cell::StopSignals& stop) {
  auto cell = planned;
  std::optional<cell::RunFolder> made;
  if (place.resume.empty()) {
    cell.run_id = records::make_run_id(cell.workload, cell.backend, std::chrono::system_clock::now(), cell.config_hash,
                                       place.repetition);
    made.emplace(place.root, place.folder.empty() ? cell.run_id : place.folder);
    if (place.folder.empty()) cell.run_id = made->run_id();
    cell.folder = made->path();
  } else {
    cell.run_id = place.resume;
    cell.folder = std::filesystem::absolute(place.root / place.resume).lexically_normal();
    if (!std::filesystem::exists(cell.folder / "probes.jsonl"))
      throw base::usage_error(fmt::format("--resume {}: there is no search in {}; 'ls {}' shows the runs", place.resume,
                                          cell.folder.string(), place.root.string()));
  }

  Probes probes(cell.folder, cell.config_hash);
  Search search(cell, spec, probes, stop);
  std::vector<FrontierPoint> points;
  auto rate_per_node = std::get<double>(cell.load.at("rate"));
  try {
    for (const auto nodes : spec.nodes) {
      points.push_back(search.find(nodes, rate_per_node * nodes));
      if (const auto& low = points.back().found.low) rate_per_node = *low / nodes;
      if (stop.count() > 0) break;
    }
  } catch (const base::Error&) {
    if (made && probes.all().empty()) made->discard();
    throw;
  }
  write_frontier(cell, spec, points, probes);
  if (stop.count() > 0) return {cell.run_id, base::Exit::interrupted, points.back().note, cell.folder};
  const auto failed =
      std::ranges::find_if(points, [](const auto& point) { return point.found.stopped || !point.found.low; });
  if (failed == points.end()) return {cell.run_id, base::Exit::ok, "ok", cell.folder};
  return {cell.run_id, base::Exit::failed,
          fmt::format("{} node{}: {}", failed->nodes, failed->nodes == 1 ? "" : "s", failed->note), cell.folder};
}

}  // namespace host::experiment
