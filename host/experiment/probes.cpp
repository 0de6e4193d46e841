#include "experiment/probes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/input_file.hpp"
#include "base/json_fields.hpp"
#include "base/json_text.hpp"
#include "base/output_file.hpp"
#include "base/quote.hpp"
#include "experiment/cell_metric.hpp"
#include "experiment/state.hpp"

namespace host::experiment {
namespace {

using Json = nlohmann::ordered_json;

Probe probe_from_json(const nlohmann::json& json) {
  Probe probe;
  json.at("nodes").get_to(probe.nodes);
  json.at("rate").get_to(probe.rate);
  json.at("repetition").get_to(probe.repetition);
  json.at("seed").get_to(probe.seed);
  json.at("status").get_to(probe.status);
  json.at("reason").get_to(probe.reason);
  json.at("verdict").get_to(probe.verdict);
  probe.subject = base::number(json, "subject");
  probe.attainment = base::number(json, "slo_attainment");
  probe.throughput = base::number(json, "throughput");
  probe.goodput = base::number(json, "goodput");
  probe.latency_p99 = base::number(json, "latency_p99");
  probe.limited_by_driver = json.value("limited_by_driver", false);
  return probe;
}

}  // namespace

std::string Probe::name() const { return fmt::format("n{}-r{:.15g}-{}", nodes, rate, repetition); }

Json to_json(const Probe& probe) {
  return {{"nodes", probe.nodes},
          {"rate", probe.rate},
          {"repetition", probe.repetition},
          {"seed", probe.seed},
          {"subject", base::or_null(probe.subject)},
          {"slo_attainment", base::or_null(probe.attainment)},
          {"throughput", base::or_null(probe.throughput)},
          {"goodput", base::or_null(probe.goodput)},
          {"latency_p99", base::or_null(probe.latency_p99)},
          {"limited_by_driver", probe.limited_by_driver},
          {"status", probe.status},
          {"reason", probe.reason},
          {"verdict", probe.verdict}};
}

Probes::Probes(std::filesystem::path folder, Json plan) : folder_(std::move(folder)), plan_(std::move(plan)) {
  if (!State::exists(folder_)) {
    write();
    return;
  }
  const State state(folder_);
  if (state.type() != "search") state.bad("is not of a search");
  const auto was = state.get<std::string>(state.plan(), "config_hash");
  const auto now = plan_.at("config_hash").get<std::string>();
  if (was != now)
    throw base::usage_error(fmt::format(
        "{} is of a search with other options (configuration {}, now {}); give the same ones, or start anew without "
        "--resume",
        state.source(), base::one_line(base::short_hash(was)), base::short_hash(now)));
  try {
    for (const auto& cell : state.cells()) {
      auto probe = probe_from_json(cell.found);
      probe.signal = cell.signal;
      if (probe.answers()) probes_.push_back(std::move(probe));
    }
  } catch (const nlohmann::json::exception&) {
    state.bad("'found' of a cell is not what a search found");
  }
}

const Probe* Probes::find(uint32_t nodes, double rate, uint32_t repetition) const {
  const auto it = std::ranges::find_if(probes_, [&](const Probe& probe) {
    return probe.nodes == nodes && probe.rate == rate && probe.repetition == repetition;
  });
  return it == probes_.end() ? nullptr : &*it;
}

const Probe& Probes::add(Probe probe) {
  const auto& added = probes_.emplace_back(std::move(probe));
  write();
  return added;
}

void Probes::write() const {
  std::vector<Cell> cells;
  std::string lines = Json{{"config_hash", plan_.at("config_hash")}}.dump() + "\n";
  for (const auto& probe : probes_) {
    const auto found = to_json(probe);
    lines += found.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    cells.push_back({.point = cells.size(),
                     .repetition = probe.repetition,
                     .state = probe.status == "ok"        ? Cell::State::ok
                              : probe.status == "invalid" ? Cell::State::invalid
                                                          : Cell::State::failed,
                     .reason = probe.reason,
                     .signal = probe.signal,
                     .found = nlohmann::json(found)});
  }
  write_state(folder_, "search", plan_, cells);
  base::write_file(folder_ / "probes.jsonl", lines);
}

Json read_record(const std::filesystem::path& folder) {
  const auto file = folder / "unified_results.jsonl";
  auto in = base::open_input(file);
  std::string line;
  if (!std::getline(in, line)) throw base::Error(base::Exit::failed, fmt::format("{} has no record", file.string()));
  auto json = base::parse_json<Json>(line);
  if (!json.is_object()) throw base::Error(base::Exit::failed, fmt::format("{} holds no record", file.string()));
  return json;
}

void take_measures(Probe& probe, const Json& record, const SearchSpec& search) {
  const auto& metadata = record.at("metadata");
  probe.status = metadata.at("status").get<std::string>();
  if (const auto& reasons = metadata.at("reasons"); !reasons.empty()) probe.reason = reasons[0].get<std::string>();
  probe.verdict = metadata.value("verdict", "");
  probe.throughput = base::number(record, "throughput");
  probe.latency_p99 = base::number(record, "latency_p99");
  probe.limited_by_driver = base::field(metadata, {"harness_share", "limited_by_driver"}) == true;
  if (!metadata.contains("metrics")) return;  // it died before there was a result
  const auto& total = metadata.at("metrics").at("total");
  probe.attainment = base::number(total, "slo_attainment");
  probe.goodput = base::number(total, "goodput");
  probe.subject = metric_of(record, search.subject.scope, search.subject.metric);
}

}  // namespace host::experiment
