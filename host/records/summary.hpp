// The metrics of a finished run: in total and per class, tenant, phase and (phase, class). Names, units and definitions
// are those of metrics/definitions.hpp.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/balance.hpp"
#include "metrics/metric.hpp"
#include "metrics/quantile.hpp"
#include "records/rows.hpp"

namespace host::records {

// One set of requests. An empty `phase`, `class_name` or `tenant` means all of them.
struct ScopeSummary {
  std::string phase;
  std::string class_name;
  std::string tenant;
  double window_s = 0;
  uint64_t offered = 0;
  std::array<uint64_t, metrics::outcome_count> outcomes{};
  uint64_t wrong = 0;
  uint64_t units_out = 0;
  std::vector<metrics::Metric> metrics;

  // Throws std::out_of_range for a name that is not computed here.
  [[nodiscard]] const metrics::Metric& at(std::string_view name) const;
  [[nodiscard]] std::optional<double> value(std::string_view name) const { return at(name).value; }
};

struct StageSummary {
  std::string name;
  uint64_t executions = 0;
  std::vector<metrics::Metric> metrics;  // stage_wait_*, stage_service_*
};

// A phase in which tenants run together, beside phases in which each runs alone (see metrics/isolation.hpp).
struct SharedPhase {
  std::string phase;
  std::vector<metrics::Metric> metrics;  // stp, antt, isolation_index, fairness
};

// The faults, or the changes of the deployment, of one kind.
struct DisturbanceSummary {
  std::string kind;    // fault | reconfigure
  std::string target;  // kill-worker, ...
  uint64_t events = 0;
  uint64_t refused = 0;      // not carried out by the backend: in no metric
  uint64_t unconfirmed = 0;  // nor those of which the backend never said that they happened
  uint64_t censored = 0;
  std::vector<metrics::Metric> metrics;
};

struct Summary {
  ScopeSummary total;
  std::vector<ScopeSummary> classes;
  std::vector<ScopeSummary> tenants;
  std::vector<ScopeSummary> phases;
  std::vector<ScopeSummary> phase_classes;  // every phase by every class
  std::vector<ScopeSummary> phase_tenants;  // every phase by every tenant, where there are several
  std::vector<SharedPhase> shared_phases;
  std::vector<DisturbanceSummary> disturbances;
  std::vector<StageSummary> stages;
  std::vector<metrics::Metric> run;  // what only a whole run has: load_balance, fairness, ...
  uint64_t duplicated = 0;
  uint64_t unexpected = 0;
  uint64_t bad_stamps = 0;
  uint64_t bad_spans = 0;
};

Summary summarize(const RunResult& result);
ScopeSummary summarize(const metrics::Counters& cell, double window_s);

// {"total": {...}, "classes": [...], ...}. Counts and metrics of a set are members of its object, those without a value
// null and explained in its "reasons"; the bounds of those that are only known to be less are in its "below".
nlohmann::ordered_json to_json(const Summary& summary);
void add_metrics(nlohmann::ordered_json& out, const std::vector<metrics::Metric>& metrics);

}  // namespace host::records
