#include "records/result_json.hpp"

#include <fmt/format.h>

#include <span>

#include "base/json_fields.hpp"
#include "records/summary.hpp"

namespace host::records {
namespace {

using Json = nlohmann::ordered_json;

constexpr double ns_per_us = 1e3;
constexpr double ns_per_ms = 1e6;
constexpr double ns_per_s = 1e9;

Json outcomes_json(const std::array<uint64_t, metrics::outcome_count>& outcomes) {
  Json out;
  for (size_t i = 0; i < metrics::outcome_count; ++i)
    out[metrics::to_string(static_cast<metrics::Outcome>(i))] = outcomes[i];
  return out;
}

Json quantile_or_null(const metrics::Histogram& histogram, double q, double ns_per_unit) {
  const auto ns = metrics::quantile_ns(histogram, q);
  return ns ? Json(*ns / ns_per_unit) : Json(nullptr);
}

void add_latency(Json& out, const metrics::Histogram& response) {
  out["latency_p50"] = quantile_or_null(response, 0.5, ns_per_ms);
  out["latency_p95"] = quantile_or_null(response, 0.95, ns_per_ms);
  out["latency_p99"] = quantile_or_null(response, 0.99, ns_per_ms);
  out["latency_max"] = response.empty() ? Json(nullptr) : Json(static_cast<double>(response.max()) / ns_per_ms);
}

Json lateness_json(const RunResult& result) {
  const auto& lateness = result.lateness;
  return {{"count", lateness.count()},
          {"p50_us", quantile_or_null(lateness, 0.5, ns_per_us)},
          {"p99_us", quantile_or_null(lateness, 0.99, ns_per_us)},
          {"p999_us", quantile_or_null(lateness, 0.999, ns_per_us)},
          {"max_us", lateness.empty() ? Json(nullptr) : Json(static_cast<double>(lateness.max()) / ns_per_us)},
          {"budget_us", static_cast<double>(result.lateness_budget_ns) / ns_per_us}};
}

Json to_json(const ParityResult& parity) {
  return {{"reference", "serial execution in the host's process"},
          {"checked", parity.checked},
          {"equal", parity.equal},
          {"missing", parity.missing},
          {"none_expected", parity.none_expected},
          {"unstable", parity.unstable},
          {"not_checked", parity.not_checked},
          {"differing", parity.differing},
          {"reason", base::or_null(parity.reason)}};
}

double in_seconds(int64_t ns) { return static_cast<double>(ns) / ns_per_s; }

Json to_json(const SubmitCalls& submit) {
  if (submit.longest_ns < 0) return nullptr;
  return {{"longest_ms", static_cast<double>(submit.longest_ns) / ns_per_ms},
          {"longest_at_s", in_seconds(submit.longest_at_ns)},
          {"blocking", submit.blocking},
          {"blocking_s", in_seconds(submit.blocking_ns)}};
}

Json to_json(const std::optional<EarlyDrain>& early) {
  if (!early) return nullptr;
  return {{"at_s", in_seconds(early->at_ns)},
          {"outstanding", early->outstanding},
          {"waited_s", in_seconds(early->waited_ns)}};
}

Json to_json(const SeriesSummary& series) {
  const auto of_samples = [&](double value) { return series.count == 0 ? Json(nullptr) : Json(value); };
  Json out = {{"name", series.name},
              {"unit", series.unit},
              {"count", series.count},
              {"not_finite", series.not_finite},
              {"mean", of_samples(series.mean)},
              {"min", of_samples(series.min)},
              {"max", of_samples(series.max)},
              {"last", of_samples(series.last)}};
  if (series.count == 0)
    out["reason"] =
        series.not_finite == 0 ? "no samples" : fmt::format("none of {} samples is a finite number", series.not_finite);
  return out;
}

}  // namespace

std::string digest_text(uint64_t digest) { return fmt::format("{:016x}", digest); }

Json to_json(const RunInfo& info) {
  Json out = {{"run_id", info.run_id},
              {"workload", info.workload},
              {"backend", info.backend},
              {"seed", info.seed},
              {"nodes", info.nodes},
              {"parallelism", info.parallelism},
              {"scheduler", info.scheduler},
              {"quick", info.quick},
              {"clock", info.clock},
              {"started_at", info.started_at},
              {"expected_requests", info.expected_requests},
              {"expected_duration_s", info.expected_duration_s},
              {"classes", info.classes},
              {"tenants", info.tenants},
              {"phases", info.phases},
              {"config_hash", info.config_hash},
              {"backend_hash", info.backend_hash},
              {"config", info.config},
              {"backend_config", info.backend_config},
              {"environment", info.environment}};
  if (!info.pair.is_null()) out["pair"] = info.pair;
  if (!info.experiment.is_null()) out["experiment"] = info.experiment;
  return out;
}

Json to_json(const Interval& interval) {
  Json out = {{"begin_s", interval.begin_s},     {"end_s", interval.end_s},
              {"phase", interval.phase},         {"warmup", interval.warmup},
              {"offered", interval.offered},     {"outcomes", outcomes_json(interval.outcomes)},
              {"in_flight", interval.in_flight}, {"blocked_s", static_cast<double>(interval.blocked_ns) / ns_per_s}};
  add_latency(out, interval.response);
  out["lateness_p99_us"] =
      interval.lateness_p99_ns < 0 ? Json(nullptr) : Json(static_cast<double>(interval.lateness_p99_ns) / ns_per_us);
  out["resident_bytes"] = interval.resident_bytes == 0 ? Json(nullptr) : Json(interval.resident_bytes);
  out["steal_share"] = base::or_null(interval.steal_share);
  out["other_cpu_share"] = base::or_null(interval.other_cpu_share);
  out["noisy"] = interval.noisy;
  out["classes"] = Json::array();
  for (const auto& row : interval.classes) {
    Json of_class = {{"class", row.name},
                     {"offered", row.offered},
                     {"ok", row.ok},
                     {"failed", row.failed},
                     {"slo_met", row.slo_met}};
    add_latency(of_class, row.response);
    out["classes"].push_back(std::move(of_class));
  }
  return out;
}

Json to_json(const EventRecord& event) {
  Json out = {{"id", event.id},
              {"kind", event.kind},
              {"target", event.target},
              {"args", event.args},
              {"due_s", event.due_s},
              {"issued_s", event.issued_s},
              {"confirmed_s", base::or_null(event.confirmed_s)},
              {"confirmations", event.confirmations},
              {"status", event.status},
              {"text", event.text}};
  if (!event.metrics.empty()) add_metrics(out, event.metrics);
  return out;
}

Json to_json(const LedgerCounts& ledger) {
  return {{"offered", ledger.offered},
          {"warmup", ledger.warmup},
          {"outcomes", outcomes_json(ledger.outcomes)},
          {"duplicate", ledger.duplicate},
          {"unexpected", ledger.unexpected},
          {"late", ledger.late},
          {"passed", ledger.passed},
          {"wrong", ledger.wrong},
          {"unchecked", ledger.unchecked},
          {"late_chunks", ledger.late_chunks},
          {"bad_stamps", ledger.bad_stamps},
          {"unknown", ledger.unknown},
          {"bad_spans", ledger.bad_spans},
          {"log_dropped", ledger.log_dropped},
          {"results_left_out", ledger.results_left_out},
          {"balanced", ledger.balanced()}};
}

Json to_json(const SampledRequest& request, const RunInfo& info, const RunResult& result) {
  const auto& row = request.row;
  const auto name = [](const std::vector<std::string>& names, size_t index) {
    return index < names.size() ? Json(names[index]) : Json(nullptr);
  };
  const auto time = [](int64_t ns) { return ns < 0 ? Json(nullptr) : Json(static_cast<double>(ns) / ns_per_s); };
  const auto outcome = static_cast<metrics::Outcome>(row.outcome);
  Json out = {{"seq", row.seq},
              {"class", name(info.classes, row.class_id)},
              {"tenant", name(info.tenants, row.tenant)},
              {"outcome", metrics::to_string(outcome)},
              {"due_s", time(row.due_ns)},
              {"sent_s", time(row.sent_ns)},
              {"begun_s", time(row.begun_ns)},
              {"first_s", time(row.first_ns)},
              {"done_s", outcome == metrics::Outcome::unfinished ? Json(nullptr) : time(row.done_ns)},
              {"steps", Json::array()}};
  for (const auto& step : std::span(request.steps).first(request.n_steps))
    out["steps"].push_back(
        {{"stage", step.stage < result.stages.size() ? Json(result.stages[step.stage].name) : Json(nullptr)},
         {"node", step.node},
         {"begin_s", time(step.begin_ns)},
         {"end_s", time(step.end_ns)}});
  return out;
}

Json to_json(const RunResult& result) {
  Json out = {{"status", to_string(result.status)},
              {"reasons", result.reasons},
              {"exit_code", static_cast<int>(result.exit)},
              {"open_seconds", result.open_s},
              {"window_seconds", result.window_s},
              {"drain_seconds", result.drain_s},
              {"verdict", result.verdict},
              {"report", result.report},
              {"ledger", to_json(result.ledger)},
              {"lateness", lateness_json(result)},
              {"blocked_seconds", static_cast<double>(result.blocked_ns) / ns_per_s},
              {"submit", to_json(result.submit)},
              {"early_drain", to_json(result.early_drain)},
              {"in_flight_limit_seconds", static_cast<double>(result.slot_wait_ns) / 1e9},
              {"settle_dropped", result.settle_dropped},
              {"arrivals", {{"rate", result.achieved_rate}, {"cv", nullptr}}},
              {"digest", result.digested == 0 ? nlohmann::json(nullptr) : nlohmann::json(digest_text(result.digest))},
              {"digested", result.digested},
              {"output_parity", to_json(result.parity)},
              {"metrics", to_json(summarize(result))}};
  if (result.achieved_cv >= 0) out["arrivals"]["cv"] = result.achieved_cv;
  out["phases"] = Json::array();
  for (const auto& phase : result.phase_windows)
    out["phases"].push_back({{"phase", phase.name}, {"window_seconds", phase.seconds}});
  out["nodes"] = Json::array();
  for (const auto& node : result.nodes)
    out["nodes"].push_back({{"node", node.node},
                            {"requests", node.requests},
                            {"share", base::or_null(node.share)},
                            {"busy_s", base::or_null(node.busy_s)},
                            {"capacity", base::or_null(node.capacity)},
                            {"clock_offset_s", base::or_null(node.clock_offset_s)},
                            {"clock_error_s", base::or_null(node.clock_error_s)}});
  out["series"] = Json::array();
  for (const auto& series : result.series) out["series"].push_back(to_json(series));
  out["failures"] = Json::array();
  for (const auto& failure : result.failures)
    out["failures"].push_back({{"text", failure.text}, {"count", failure.count}});
  out["events"] = Json::array();
  for (const auto& event : result.events) out["events"].push_back(to_json(event));
  out["noise"] = result.noise;
  out["harness_share"] = result.harness_share;
  out["notes"] = result.notes;
  return out;
}

}  // namespace host::records
