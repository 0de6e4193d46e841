// The one reader of a record's metrics. Comparison, gate, page, LaTeX, Markdown, SQLite and the terminal read its list.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/definitions.hpp"

namespace host::records {

struct ScopedMetric {
  std::string
      scope;  // "total", "class:chat", "phase:burst", "phase:burst/class:chat", "stage:embed", "event:kill-worker"
  metrics::Kinds kind = metrics::nowhere;                 // of the scope
  std::string name;                                       // "latency_p99", "outcomes.ok"
  const metrics::MetricDefinition* definition = nullptr;  // null: a count that is no metric, like a stage's executions
  const metrics::Statistic* statistic = nullptr;          // of a family
  std::optional<double> value;
  std::string reason = {};           // why there is no value, as the record says
  bool impossible = false;           // there was one, which cannot be: `reason` says why
  std::optional<double> below = {};  // it was measured to be less than this: no value either

  [[nodiscard]] std::string unit() const { return definition == nullptr ? "" : std::string(definition->unit); }
  [[nodiscard]] bool compared() const {
    return definition != nullptr && metrics::is_compared(*definition, statistic, kind);
  }
  [[nodiscard]] bool headline() const { return definition != nullptr && metrics::is_headline(*definition, statistic); }
};

// A list of a record's `metrics`: what names its entries, and the scope that they are.
struct ScopeList {
  const char* list;
  std::string_view prefix;  // "class" of "class:chat", and the member that holds the name unless `member` says so
  const char* within = "";  // the second member and prefix: "phase:burst/class:chat"
  const char* member = nullptr;
  metrics::Kinds kind = metrics::in_part;
};
std::span<const ScopeList> scope_lists();

// In one order for every output: by scope as the record has them, within a scope headline metrics by their rank, then
// the others as the table of metrics has them. Each scope and name once.
class MetricList {
 public:
  // The numbers among the members of `object`; those that are null have their reason from its
  // "reasons", and their bound, if any, from its "below".
  void add(std::string_view scope, metrics::Kinds kind, const nlohmann::ordered_json& object);
  void add(std::string_view scope, metrics::Kinds kind, const std::string& name, std::optional<double> value,
           const std::string& reason, std::optional<double> below = {});
  // The `metrics` of a record.
  void add(const nlohmann::ordered_json& metrics);
  [[nodiscard]] std::vector<ScopedMetric> take();

 private:
  std::vector<ScopedMetric> list_;
};

const ScopedMetric* find(std::span<const ScopedMetric> metrics, std::string_view scope, std::string_view name);

}  // namespace host::records
