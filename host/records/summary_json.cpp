#include "records/summary.hpp"

namespace host::records {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const ScopeSummary& cell) {
  Json out;
  if (!cell.phase.empty()) out["phase"] = cell.phase;
  if (!cell.class_name.empty()) out["class"] = cell.class_name;
  if (!cell.tenant.empty()) out["tenant"] = cell.tenant;
  out["window_seconds"] = cell.window_s;
  out["offered"] = cell.offered;
  for (size_t i = 0; i < metrics::outcome_count; ++i)
    out["outcomes"][metrics::to_string(static_cast<metrics::Outcome>(i))] = cell.outcomes[i];
  out["lost"] = cell.outcomes[static_cast<size_t>(metrics::Outcome::unfinished)];
  out["wrong"] = cell.wrong;
  out["tokens_out"] = cell.units_out;
  add_metrics(out, cell.metrics);
  return out;
}

Json to_json(const std::vector<ScopeSummary>& cells) {
  auto out = Json::array();
  for (const auto& cell : cells) out.push_back(to_json(cell));
  return out;
}

}  // namespace

void add_metrics(Json& out, const std::vector<metrics::Metric>& metrics) {
  auto reasons = Json::object();
  auto below = Json::object();
  for (const auto& metric : metrics) {
    out[metric.name] = metric.value ? Json(*metric.value) : Json(nullptr);
    if (!metric.value) reasons[metric.name] = metric.reason;
    if (metric.below) below[metric.name] = *metric.below;
  }
  if (!reasons.empty()) out["reasons"] = std::move(reasons);
  if (!below.empty()) out["below"] = std::move(below);
}

Json to_json(const Summary& summary) {
  Json out;
  out["total"] = to_json(summary.total);
  out["total"]["duplicated"] = summary.duplicated;
  out["total"]["unexpected"] = summary.unexpected;
  out["total"]["bad_stamps"] = summary.bad_stamps;
  out["total"]["bad_spans"] = summary.bad_spans;
  out["classes"] = to_json(summary.classes);
  out["tenants"] = to_json(summary.tenants);
  out["phases"] = to_json(summary.phases);
  out["phase_classes"] = to_json(summary.phase_classes);
  out["phase_tenants"] = to_json(summary.phase_tenants);
  out["shared_phases"] = Json::array();
  for (const auto& phase : summary.shared_phases) {
    Json row = {{"phase", phase.phase}};
    add_metrics(row, phase.metrics);
    out["shared_phases"].push_back(std::move(row));
  }
  out["disturbances"] = Json::array();
  for (const auto& of : summary.disturbances) {
    Json row = {{"kind", of.kind},       {"target", of.target},           {"events", of.events},
                {"refused", of.refused}, {"unconfirmed", of.unconfirmed}, {"censored", of.censored}};
    add_metrics(row, of.metrics);
    out["disturbances"].push_back(std::move(row));
  }
  out["stages"] = Json::array();
  for (const auto& stage : summary.stages) {
    Json row = {{"stage", stage.name}, {"executions", stage.executions}};
    add_metrics(row, stage.metrics);
    out["stages"].push_back(std::move(row));
  }
  out["run"] = Json::object();
  add_metrics(out["run"], summary.run);
  return out;
}

}  // namespace host::records
