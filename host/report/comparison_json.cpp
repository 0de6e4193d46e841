// The comparison as JSON, for programs.
#include <cmath>

#include "base/json_fields.hpp"
#include "report/artefact_texts.hpp"

namespace host::report {
namespace {

using Json = nlohmann::ordered_json;
using base::or_null;

Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json to_json(const compare::MetricResult& m) {
  Json out = {{"scope", m.metric.scope},
              {"metric", m.metric.name},
              {"unit", m.metric.unit},
              {"better", metrics::to_string(m.metric.better)},
              {"baseline", m.baseline},
              {"candidate", m.candidate},
              {"baseline_values", m.baseline_values},
              {"candidate_values", m.candidate_values},
              {"paired", m.paired},
              {"ratio", nullptr},
              {"low", nullptr},
              {"high", nullptr},
              {"p_value", m.ranks ? finite(m.ranks->p_value) : Json(nullptr)},
              {"cliffs_delta", m.delta ? finite(*m.delta) : Json(nullptr)},
              {"verdict", compare::to_string(m.verdict)},
              {"reason", or_null(m.reason)}};
  if (m.interval) {
    out["ratio"] = finite(m.interval->ratio);
    out["low"] = finite(m.interval->low);
    out["high"] = finite(m.interval->high);
  }
  return out;
}

Json to_json(const compare::ComparedConfig& config) {
  Json out = {{"workload", config.workload},
              {"config_hash", or_null(config.config_hash)},
              {"seed", or_null(config.seed)},
              {"nodes", or_null(config.nodes)},
              {"parallelism", or_null(config.parallelism)},
              {"label", or_null(config.label)},
              {"verdict", compare::to_string(config.verdict)},
              {"reason", or_null(config.reason)},
              {"output_equal", config.output_equal ? Json(*config.output_equal) : Json(nullptr)}};
  out["sides"] = Json::array();
  for (const auto& side : config.sides) {
    auto run_ids = Json::array();
    for (const auto* run : side.repetitions) run_ids.push_back(run->run_id);
    out["sides"].push_back({{"side", side.side}, {"run_ids", std::move(run_ids)}, {"problems", side.problems}});
  }
  out["candidates"] = Json::array();
  for (size_t i = 1; i < config.sides.size(); ++i) {
    const auto of = compare::verdict_of(config, config.sides[i].side);
    out["candidates"].push_back({{"candidate", config.sides[i].side},
                                 {"verdict", compare::to_string(of.verdict)},
                                 {"reason", or_null(of.reason)}});
  }
  out["metrics"] = Json::array();
  for (const auto& m : config.metrics) out["metrics"].push_back(to_json(m));
  return out;
}

}  // namespace

Json to_json(const compare::Comparison& comparison) {
  Json out = {{"margin", comparison.margin}, {"confidence", comparison.confidence}};
  out["configs"] = Json::array();
  for (const auto& config : comparison.configs) out["configs"].push_back(to_json(config));
  out["mismatches"] = Json::array();
  for (const auto& mismatch : comparison.mismatches)
    out["mismatches"].push_back({{"workload", mismatch.workload},
                                 {"run_id", or_null(mismatch.run_id)},
                                 {"label", or_null(mismatch.label)},
                                 {"field", mismatch.field},
                                 {"values", mismatch.values}});
  out["problems"] = Json::array();
  for (const auto& problem : comparison.problems)
    out["problems"].push_back({{"file", problem.file.string()}, {"line", problem.line}, {"text", problem.text}});
  return out;
}

}  // namespace host::report
