#include "experiment/frontier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/number_text.hpp"
#include "base/output_file.hpp"
#include "cell/run_folder.hpp"
#include "experiment/recorded_options.hpp"
#include "experiment/run.hpp"
#include "experiment/run_lock.hpp"
#include "experiment/state.hpp"
#include "metrics/definitions.hpp"
#include "records/run_id.hpp"

namespace host::experiment {
namespace {

cell::CellSpec probe_cell(const cell::CellSpec& search, const SearchSpec& what, const Probe& probe) {
  auto cell = search;
  cell.quiet = true;
  cell.nodes = probe.nodes;
  cell.seed = probe.seed;
  if (what.whole())
    cell.load[what.maximise] = static_cast<int64_t>(probe.rate);
  else
    cell.load[what.maximise] = probe.rate;
  cell.config["nodes"] = probe.nodes;
  cell.config["seed"] = probe.seed;
  cell.config["load"][what.maximise] = catalog::to_json(cell.load[what.maximise]);
  cell.config_hash = base::config_hash(cell.config);
  cell.run_id = fmt::format("{}-{}", search.run_id, probe.name());
  cell.folder = search.folder / "probes" / probe.name();
  return cell;
}

const char* text_of(RateAnswer answer) {
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

std::string subject_text(const SearchSpec& search, const Probe& probe) {
  if (search.subject.metric == "slo_attainment") return base::share_text(probe.subject) + " met";
  const auto unit = metrics::find_metric(search.subject.metric)->unit;
  return fmt::format(
      "{} {}", search.subject.metric,
      probe.subject ? base::measure_text(*probe.subject, unit) + std::string(base::unit_suffix(unit)) : "n/a");
}

void tell(const SearchSpec& search, const Probe& probe, const char* more) {
  std::string note;
  fmt::print(stderr, "sage-host: {} node{}, {:.15g}{} ({} of {}): {}, p99 {} ms: {}{}{}\n", probe.nodes,
             probe.nodes == 1 ? "" : "s", probe.rate, search.whole() ? " in flight" : "/s", probe.repetition,
             search.repeat, subject_text(search, probe), base::ms_text(probe.latency_p99),
             text_of(judge(search, probe, note)), probe.limited_by_driver ? ", limited by its driver" : "", more);
}

// What it takes to take it up again.
nlohmann::ordered_json search_plan(const cell::CellSpec& cell, const SearchSpec& search) {
  return {{"config_hash", cell.config_hash}, {"planned", recorded_plan({PlannedCell{cell, {}, search}})}};
}

// Each run of the search is a cell at a point of its own.
void run_probes(const cell::CellSpec& cell, const SearchSpec& search, double rate_per_node, Probes& probes,
                cell::StopSignals& stop) {
  for (const auto& known : probes.all()) tell(search, known, ", as known before");
  Experiment experiment;
  std::optional<Probe> probe;
  Conduct conduct;
  conduct.next = [&](Experiment& all) -> Cell* {
    probe = look(search, rate_per_node, cell.seed, probes).next;
    if (!probe) return nullptr;
    all.planned.push_back({probe_cell(cell, search, *probe), {}, std::nullopt});
    return &all.cells.emplace_back(Cell{.point = all.planned.size() - 1, .repetition = probe->repetition});
  };
  conduct.place = [&](const Cell&, const cell::CellSpec& spec) -> cell::CellPlace {
    const auto root = cell.folder / "probes";
    std::filesystem::remove_all(root / probe->name());  // of a run that was cut off
    return {.root = root, .folder = probe->name(), .run_id = spec.run_id};
  };
  conduct.ended = [&](const Cell& ended, const cell::CellReport& report) {
    if (ended.state == Cell::State::pending) return;  // cut off
    if (report.folder.empty()) throw base::Error(report.exit, report.text);
    take_measures(*probe, read_record(report.folder), search);
    probe->signal = report.signal;
    tell(search, probes.add(*probe), "");
  };
  run_cells(experiment, conduct, stop);
}

}  // namespace

RateAnswer judge(const SearchSpec& search, const Probe& probe, std::string& note) {
  if (probe.verdict == "wrong" || !probe.answers()) {
    note = fmt::format("at {:.15g}/s: {}", probe.rate, probe.reason);
    return RateAnswer::stopped;
  }
  if (probe.status == "invalid") {
    note = fmt::format("at {:.15g}/s the run was INVALID: {}", probe.rate, probe.reason);
    return RateAnswer::unusable;
  }
  return probe.subject && search.met_by(*probe.subject) ? RateAnswer::meets : RateAnswer::misses;
}

Frontier look(const SearchSpec& search, double rate_per_node, uint64_t seed, const Probes& probes) {
  Frontier out;
  for (const auto nodes : search.nodes) {
    FrontierPoint point{nodes, {}, {}};
    std::map<double, const Probe*> missed;  // by rate, the run that decided
    // All repetitions must meet; the first that does not decides.
    const auto ask = [&](double rate) {
      for (uint32_t repetition = 1; repetition <= search.repeat; ++repetition) {
        const auto* known = probes.find(nodes, rate, repetition);
        if (known == nullptr) {
          out.next = Probe{.nodes = nodes, .rate = rate, .repetition = repetition, .seed = seed + repetition - 1};
          return RateAnswer::stopped;
        }
        const auto answer = judge(search, *known, point.note);
        if (answer == RateAnswer::meets) continue;
        missed[rate] = known;
        return answer;
      }
      return RateAnswer::meets;
    };
    point.found = find_capacity(
        {.first_rate = rate_per_node * nodes, .tolerance = search.tolerance, .whole = search.whole()}, ask);
    if (!point.found.stopped && !point.found.low)
      point.note = "no rate met the objectives";
    else if (!point.found.stopped && !point.found.high)
      point.note = "no rate that was offered missed them";
    else if (!point.found.stopped && !point.found.unusable)
      point.note.clear();
    if (const auto bound = missed.find(point.found.high.value_or(0)); bound != missed.end())
      point.limited_by_driver = bound->second->limited_by_driver;
    if (point.limited_by_driver)
      point.note +=
          fmt::format("{}limited by its driver at {:.15g}/s", point.note.empty() ? "" : "; ", *point.found.high);
    out.points.push_back(point);
    if (out.next) break;
    if (point.found.low) rate_per_node = *point.found.low / nodes;
  }
  return out;
}

cell::CellReport run_frontier(const cell::CellSpec& planned, const SearchSpec& spec, const cell::CellPlace& place,
                              cell::StopSignals& stop) {
  auto cell = planned;
  std::optional<cell::RunFolder> made;
  if (place.resume.empty()) {
    cell.run_id = !place.run_id.empty()
                      ? place.run_id
                      : records::make_run_id(cell.workload, cell.backend, std::chrono::system_clock::now(),
                                             cell.config_hash, place.repetition);
    made.emplace(place.root, place.folder.empty() ? cell.run_id : place.folder);
    if (place.folder.empty()) cell.run_id = made->run_id();
    cell.folder = made->path();
  } else {
    cell.run_id = place.resume;
    cell.folder = std::filesystem::absolute(place.root / place.resume).lexically_normal();
    if (!State::exists(cell.folder))
      throw base::usage_error(fmt::format("--resume {}: there is no search in {}; 'ls {}' shows the runs", place.resume,
                                          cell.folder.string(), place.root.string()));
  }

  const RunLock lock(cell.folder);
  base::remove_temporary(cell.folder);
  Probes probes(cell.folder, search_plan(cell, spec));
  const auto& first = cell.load.at(spec.maximise);
  const auto rate_per_node = spec.whole() ? static_cast<double>(std::get<int64_t>(first)) : std::get<double>(first);
  try {
    run_probes(cell, spec, rate_per_node, probes, stop);
  } catch (const base::Error&) {
    if (made && probes.all().empty()) made->discard();
    throw;
  }
  auto [points, next] = look(spec, rate_per_node, cell.seed, probes);
  if (next) points.back().note = fmt::format("interrupted; go on with --resume {}", cell.run_id);
  write_frontier(cell, spec, points, probes);
  if (next) return {cell.run_id, base::Exit::interrupted, points.back().note, cell.folder};
  const auto failed =
      std::ranges::find_if(points, [](const auto& point) { return point.found.stopped || !point.found.low; });
  if (failed == points.end()) return {cell.run_id, base::Exit::ok, "ok", cell.folder};
  return {cell.run_id, base::Exit::failed,
          fmt::format("{} node{}: {}", failed->nodes, failed->nodes == 1 ? "" : "s", failed->note), cell.folder};
}

}  // namespace host::experiment
