// What a search leaves behind.
#include <fmt/format.h>

#include <cstdio>

#include "base/json_fields.hpp"
#include "base/number_text.hpp"
#include "base/output_file.hpp"
#include "base/table_text.hpp"
#include "cell/process.hpp"
#include "experiment/frontier.hpp"
#include "experiment/recorded_options.hpp"
#include "load/load.hpp"
#include "metrics/scaling.hpp"
#include "records/run_id.hpp"
#include "writers/repro_writer.hpp"
#include "writers/unified_results.hpp"

namespace host::experiment {
namespace {

using Json = nlohmann::ordered_json;

std::vector<metrics::CapacityPoint> capacities(const std::vector<FrontierPoint>& points) {
  std::vector<metrics::CapacityPoint> out;
  for (const auto& point : points) out.push_back({point.nodes, point.capacity()});
  return out;
}

// The share that is asked for, where that is what is asked for.
Json attainment(const SearchSpec& search) {
  return search.subject.metric == "slo_attainment" ? Json(search.subject.bound) : Json(nullptr);
}

// ">= 120": the system's own capacity was not found.
std::string capacity_text(const FrontierPoint& point) {
  if (!point.found.low) return "n/a";
  return (point.capacity() ? "" : ">= ") + base::rate_text(*point.found.low);
}

Json point_json(const FrontierPoint& point, const SearchSpec& search, const std::vector<metrics::CapacityPoint>& all) {
  Json out = {{"nodes", point.nodes},
              {"capacity", base::or_null(point.capacity())},
              {"at_least", base::or_null(point.found.low)},
              {"missed_at", base::or_null(point.found.high)},
              {"confidence", search.confidence()},
              {"subject_to", search.subject.text},
              {"attainment", attainment(search)}};
  auto reasons = Json::object();
  const metrics::CapacityPoint of{point.nodes, point.capacity()};
  for (const auto& metric : {metrics::scaling_efficiency(all, of), metrics::karp_flatt(all, of)}) {
    out[metric.name] = base::or_null(metric.value);
    if (!metric.value) reasons[metric.name] = metric.reason;
  }
  if (!point.capacity()) reasons["capacity"] = point.note;
  if (!reasons.empty()) out["reasons"] = std::move(reasons);
  out["limited_by_driver"] = point.limited_by_driver;
  out["complete"] = !point.found.stopped;
  out["note"] = point.note;
  return out;
}

// The record of the first run at the capacity, under the name of the search.
Json record_of(const cell::CellSpec& cell, const FrontierPoint& point, const Probes& probes, Json search) {
  auto of_nodes = cell;
  of_nodes.nodes = point.nodes;
  Json record;
  if (const auto* probe = point.found.low ? probes.find(point.nodes, *point.found.low, 1) : nullptr)
    record = read_record(cell.folder / "probes" / probe->name());
  else
    record = writers::failed_record(cell::run_info(of_nodes), {point.note, "", ""});
  record["run_id"] = cell.run_id;
  record["seed"] = cell.seed;
  record["config_hash"] = cell.config_hash;
  record["metadata"]["search"] = std::move(search);
  return record;
}

std::string subject_text(const SearchSpec& search) {
  if (search.subject.metric != "slo_attainment") return search.subject.text;
  return fmt::format("{:.4g} % of requests within their objectives", search.subject.bound * 100);
}

std::string probes_csv(const Probes& probes) {
  std::string text =
      "nodes,rate,repetition,seed,slo_attainment,throughput,goodput,latency_p99,status,limited_by_driver\r\n";
  const auto number = [](const std::optional<double>& value) { return value ? fmt::format("{:.15g}", *value) : ""; };
  for (const auto& probe : probes.all())
    text += fmt::format("{},{:.15g},{},{},{},{},{},{},{},{}\r\n", probe.nodes, probe.rate, probe.repetition, probe.seed,
                        number(probe.attainment), number(probe.throughput), number(probe.goodput),
                        number(probe.latency_p99), probe.status, probe.limited_by_driver);
  return text;
}

base::TableRow row_of(const FrontierPoint& point, const Probes& probes, const Json& search) {
  const auto share = [&](const char* name) {
    return search[name].is_null() ? std::string("n/a") : fmt::format("{:.3f}", search[name].get<double>());
  };
  const auto* probe = point.found.low ? probes.find(point.nodes, *point.found.low, 1) : nullptr;
  return {fmt::format("{}", point.nodes),
          capacity_text(point),
          point.found.high ? base::rate_text(*point.found.high) : "n/a",
          share("scaling_efficiency"),
          share("karp_flatt"),
          probe != nullptr && probe->throughput ? base::rate_text(*probe->throughput) : "n/a",
          base::ms_text(probe == nullptr ? std::nullopt : probe->latency_p99),
          base::share_text(probe == nullptr ? std::nullopt : probe->attainment),
          point.note};
}

}  // namespace

void write_frontier(const cell::CellSpec& cell, const SearchSpec& search, const std::vector<FrontierPoint>& points,
                    const Probes& probes) {
  const auto all = capacities(points);
  Json frontier = {{"run_id", cell.run_id},
                   {"workload", cell.workload},
                   {"backend", cell.backend},
                   {"config_hash", cell.config_hash},
                   {"maximise", search.maximise},
                   {"subject_to", search.subject.text},
                   {"attainment", attainment(search)},
                   {"repetitions", search.repeat},
                   {"confidence", search.confidence()},
                   {"tolerance", search.tolerance}};
  frontier["points"] = Json::array();
  frontier["probes"] = Json::array();
  std::vector<Json> records;
  base::Table table = {
      {"nodes", "capacity/s", "missed at", "efficiency", "Karp-Flatt", "ok/s", "p99 ms", "SLO met", ""}};
  for (const auto& point : points) {
    auto json = point_json(point, search, all);
    table.push_back(row_of(point, probes, json));
    records.push_back(record_of(cell, point, probes, json));
    frontier["points"].push_back(std::move(json));
  }
  for (const auto& probe : probes.all()) frontier["probes"].push_back(to_json(probe));
  base::write_file(cell.folder / "frontier.json", frontier.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  base::write_file(cell.folder / "frontier.csv", probes_csv(probes));
  writers::write_unified_results(cell.folder, records);
  const auto load = load::load_config(cell.load, cell.seed);
  writers::write_repro_manifest(cell.folder, cell::run_info(cell),
                                {.requests = load.total_requests + load.warmup_items,  // of each of its runs
                                 .warmup = load.warmup_items,
                                 .parity_batch_size = cell.parity_batch_size,
                                 .command_line = cell.command_line,
                                 .options = recorded_options(cell, search),
                                 .files = {}});
  if (cell.quiet) return;
  fmt::print(
      "{}\n{} x {}: largest {} with {}, in each of {} run{} ({:.3g} % confidence)\n\n{}\n{} runs; folder: {}\n"
      "files: frontier.csv, frontier.json, probes, probes.jsonl, state.json, unified_results.csv, "
      "unified_results.jsonl\n",
      cell.run_id, cell.workload, cell.backend, search.maximise, subject_text(search), search.repeat,
      search.repeat == 1 ? "" : "s", search.confidence() * 100, base::format_table(table), probes.all().size(),
      cell.folder.string());
}

}  // namespace host::experiment
