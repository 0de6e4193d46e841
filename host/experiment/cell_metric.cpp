#include "experiment/cell_metric.hpp"

#include "base/json_fields.hpp"
#include "compare/results.hpp"

namespace host::experiment {

std::optional<double> metric_of(const nlohmann::ordered_json& record, std::string_view scope, std::string_view name) {
  compare::ResultRecord read;
  read.columns = record;
  read.throughput = base::number(record, "throughput");
  read.success_rate = base::number(record, "success_rate");
  read.latency_p50 = base::number(record, "latency_p50");
  read.latency_p95 = base::number(record, "latency_p95");
  read.latency_p99 = base::number(record, "latency_p99");
  const auto all = compare::metrics_of(read);
  const auto* found = records::find(all, scope, name);
  return found == nullptr ? std::nullopt : found->value;
}

}  // namespace host::experiment
