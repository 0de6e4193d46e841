#include "compare/compared_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "metrics/definitions.hpp"

namespace host::compare {
namespace {

using Json = nlohmann::ordered_json;

struct Direction {
  std::string_view name;
  Better better;
};

constexpr std::array in_total = {
    Direction{"throughput", Better::higher},   Direction{"goodput", Better::higher},
    Direction{"success_rate", Better::higher}, Direction{"slo_attainment", Better::higher},
    Direction{"latency_p50", Better::lower},   Direction{"latency_p95", Better::lower},
    Direction{"latency_p99", Better::lower},   Direction{"latency_mean", Better::lower},
    Direction{"ttft_p50", Better::lower},      Direction{"ttft_p95", Better::lower},
    Direction{"ttft_p99", Better::lower},      Direction{"tpot_p50", Better::lower},
    Direction{"tpot_p95", Better::lower},      Direction{"tpot_p99", Better::lower},
};
constexpr std::array in_part = {
    Direction{"throughput", Better::higher},   Direction{"goodput", Better::higher},
    Direction{"success_rate", Better::higher}, Direction{"slo_attainment", Better::higher},
    Direction{"latency_p50", Better::lower},   Direction{"latency_p99", Better::lower},
};
// Drifts are not among them: they may have any sign, and a ratio of them says nothing.
constexpr std::array of_run = {
    Direction{"availability", Better::higher},
    Direction{"mttr", Better::lower},
    Direction{"load_balance", Better::higher},
    Direction{"heterogeneous_efficiency", Better::higher},
    Direction{"fairness", Better::higher},
    Direction{"stp", Better::higher},
    Direction{"antt", Better::lower},
    Direction{"isolation_index", Better::higher},
    Direction{"priority_inversion", Better::lower},
    Direction{"priority_inversion_wait", Better::lower},
};
constexpr std::array of_search = {
    Direction{"capacity", Better::higher},
    Direction{"scaling_efficiency", Better::higher},
};
constexpr std::array of_events = {
    Direction{"mttr", Better::lower},
    Direction{"downtime", Better::lower},
    Direction{"reconfiguration_time", Better::lower},
    Direction{"reconfiguration_downtime", Better::lower},
    Direction{"goodput_deficit", Better::lower},
    Direction{"failed_requests", Better::lower},
};

// Lists below metadata.metrics whose members are named.
struct Part {
  const char* list;
  const char* name;    // the member that names an entry
  const char* prefix;  // of the scope
  std::span<const Direction> metrics;
};
constexpr std::array parts = {
    Part{"classes", "class", "class", in_part},
    Part{"tenants", "tenant", "tenant", in_part},
    Part{"phases", "phase", "phase", in_part},
    Part{"disturbances", "target", "event", of_events},
};

std::string unit_of(std::string_view name) {
  const auto* definition = metrics::find_metric(name);
  return definition == nullptr ? "" : std::string(definition->unit);
}

std::optional<double> number(const Json& value) {
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

// Columns of the record itself: all that results of the Python package have.
std::optional<std::optional<double>> column(const ResultRecord& record, std::string_view name) {
  if (name == "throughput") return record.throughput;
  if (name == "success_rate") return record.success_rate;
  if (name == "latency_p50") return record.latency_p50;
  if (name == "latency_p95") return record.latency_p95;
  if (name == "latency_p99") return record.latency_p99;
  return std::nullopt;
}

// Those of `metrics` that `object` names.
void add(std::vector<RecordMetric>& out, const std::string& scope, std::span<const Direction> metrics,
         const Json& object) {
  if (!object.is_object()) return;
  for (const auto& [name, better] : metrics) {
    const auto it = object.find(std::string(name));
    if (it == object.end()) continue;
    RecordMetric found{{scope, std::string(name), unit_of(name), better}, number(*it), {}};
    if (const auto reasons = object.find("reasons"); !found.value && reasons != object.end() && reasons->is_object())
      if (const auto reason = reasons->find(std::string(name)); reason != reasons->end() && reason->is_string())
        found.reason = reason->get<std::string>();
    out.push_back(std::move(found));
  }
}

}  // namespace

std::vector<RecordMetric> metrics_of(const ResultRecord& record) {
  std::vector<RecordMetric> out;
  add(out, "total", of_search, record.metadata({"search"}));
  std::vector<RecordMetric> total;
  add(total, "total", in_total, record.metadata({"metrics", "total"}));
  for (const auto& [name, better] : in_total) {
    const auto known = std::ranges::find(total, name, [](const auto& m) -> const auto& { return m.metric.name; });
    const auto measure = column(record, name);
    if (!measure && known == total.end()) continue;
    RecordMetric found{{"total", std::string(name), unit_of(name), better}, {}, {}};
    if (known != total.end()) found = *known;
    if (measure) found.value = *measure;
    out.push_back(std::move(found));
  }
  add(out, "total", of_run, record.metadata({"metrics", "run"}));
  for (const auto& part : parts) {
    const auto& list = record.metadata({"metrics", part.list});
    if (!list.is_array()) continue;
    for (const auto& entry : list) {
      if (!entry.is_object() || !entry.contains(part.name) || !entry[part.name].is_string()) continue;
      add(out, fmt::format("{}:{}", part.prefix, entry[part.name].get<std::string>()), part.metrics, entry);
    }
  }
  return out;
}

}  // namespace host::compare
