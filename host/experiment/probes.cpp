#include "experiment/probes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/error.hpp"
#include "base/json_fields.hpp"
#include "base/output_file.hpp"

namespace host::experiment {
namespace {

using Json = nlohmann::ordered_json;

std::optional<double> number_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

Probe probe_from_json(const Json& json) {
  Probe probe;
  json.at("nodes").get_to(probe.nodes);
  json.at("rate").get_to(probe.rate);
  json.at("repetition").get_to(probe.repetition);
  json.at("seed").get_to(probe.seed);
  json.at("status").get_to(probe.status);
  json.at("reason").get_to(probe.reason);
  json.at("verdict").get_to(probe.verdict);
  probe.attainment = number_of(json, "slo_attainment");
  probe.throughput = number_of(json, "throughput");
  probe.goodput = number_of(json, "goodput");
  probe.latency_p99 = number_of(json, "latency_p99");
  return probe;
}

}  // namespace

std::string Probe::name() const { return fmt::format("n{}-r{:.15g}-{}", nodes, rate, repetition); }

Json to_json(const Probe& probe) {
  return {{"nodes", probe.nodes},
          {"rate", probe.rate},
          {"repetition", probe.repetition},
          {"seed", probe.seed},
          {"slo_attainment", base::or_null(probe.attainment)},
          {"throughput", base::or_null(probe.throughput)},
          {"goodput", base::or_null(probe.goodput)},
          {"latency_p99", base::or_null(probe.latency_p99)},
          {"status", probe.status},
          {"reason", probe.reason},
          {"verdict", probe.verdict}};
}

Probes::Probes(const std::filesystem::path& folder, const std::string& config_hash)
    : file_(folder / "probes.jsonl"), config_hash_(config_hash) {
  std::ifstream in(file_);
  std::string line;
  if (!std::getline(in, line)) {
    write();
    return;
  }
  try {
    const auto hash = Json::parse(line).at("config_hash").get<std::string>();
    if (hash != config_hash)
      throw base::usage_error(
          fmt::format("{} is of a search with other options (configuration {:.12}, now {:.12}); give the "
                      "same ones, or start anew without --resume",
                      file_.string(), hash, config_hash));
    // A last line without its end was cut off, by a version that appended to the file.
    while (std::getline(in, line))
      if (!in.eof()) probes_.push_back(probe_from_json(Json::parse(line)));
  } catch (const Json::exception&) {
    throw base::Error(base::Exit::failed, fmt::format("{} is damaged; start anew without --resume", file_.string()));
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
  std::string text = Json{{"config_hash", config_hash_}}.dump() + "\n";
  for (const auto& probe : probes_) text += to_json(probe).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  base::write_file(file_, text);
}

Json read_record(const std::filesystem::path& folder) {
  const auto file = folder / "unified_results.jsonl";
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line)) throw base::Error(base::Exit::failed, fmt::format("{} has no record", file.string()));
  return Json::parse(line);
}

void take_measures(Probe& probe, const Json& record) {
  const auto& metadata = record.at("metadata");
  probe.status = metadata.at("status").get<std::string>();
  if (const auto& reasons = metadata.at("reasons"); !reasons.empty()) probe.reason = reasons[0].get<std::string>();
  probe.verdict = metadata.value("verdict", "");
  probe.throughput = number_of(record, "throughput");
  probe.latency_p99 = number_of(record, "latency_p99");
  if (!metadata.contains("metrics")) return;  // it died before there was a result
  const auto& total = metadata.at("metrics").at("total");
  probe.attainment = number_of(total, "slo_attainment");
  probe.goodput = number_of(total, "goodput");
}

}  // namespace host::experiment
