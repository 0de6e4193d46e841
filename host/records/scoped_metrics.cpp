#include "records/scoped_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "base/json_fields.hpp"
#include "base/utf8.hpp"

namespace host::records {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array lists = {
    ScopeList{.list = "classes", .prefix = "class"},
    ScopeList{.list = "tenants", .prefix = "tenant"},
    ScopeList{.list = "phases", .prefix = "phase"},
    ScopeList{.list = "shared_phases", .prefix = "phase"},
    ScopeList{.list = "disturbances", .prefix = "event", .member = "target", .kind = metrics::in_event},
    ScopeList{.list = "stages", .prefix = "stage", .kind = metrics::in_stage},
    ScopeList{.list = "phase_classes", .prefix = "phase", .within = "class", .kind = metrics::in_part_of_phase},
    ScopeList{.list = "phase_tenants", .prefix = "phase", .within = "tenant", .kind = metrics::in_part_of_phase},
};

// Empty if the entry does not say what it is of.
std::string scope_of(const ScopeList& list, const Json& entry) {
  const auto name = base::shown_text(base::text(entry, list.member == nullptr ? list.prefix : list.member));
  if (name.empty()) return {};
  auto scope = fmt::format("{}:{}", list.prefix, name);
  if (*list.within != '\0')
    scope += fmt::format("/{}:{}", list.within, base::shown_text(base::text(entry, list.within)));
  return scope;
}

// Where a metric stands in its scope.
std::tuple<size_t, size_t, size_t> place(const ScopedMetric& metric) {
  const auto all = metrics::metric_definitions();
  const auto* definition = metric.definition;
  if (definition == nullptr) return {SIZE_MAX, 0, 0};
  const auto statistic =
      metric.statistic == nullptr ? 0 : static_cast<size_t>(metric.statistic - definition->statistics.data());
  return {metric.headline() ? definition->rank : SIZE_MAX - 1, static_cast<size_t>(definition - all.data()), statistic};
}

}  // namespace

std::span<const ScopeList> scope_lists() { return lists; }

void MetricList::add(std::string_view scope, metrics::Kinds kind, const std::string& name, std::optional<double> value,
                     const std::string& reason, std::optional<double> below) {
  ScopedMetric metric{.scope = std::string(scope), .kind = kind, .name = name, .value = value};
  if (!value) {
    metric.reason = base::shown_text(reason);
    metric.below = below;
  }
  list_.push_back(std::move(metric));
}

void MetricList::add(std::string_view scope, metrics::Kinds kind, const Json& object) {
  if (!object.is_object()) return;
  for (const auto& [name, value] : object.items()) {
    if (value.is_number() || value.is_null())
      add(scope, kind, name, base::number(value), base::text(base::field(object, "reasons"), name),
          base::number(base::field(object, "below"), name));
    else if (name == "outcomes" && value.is_object())
      for (const auto& [outcome, count] : value.items())
        add(scope, kind, "outcomes." + outcome, base::number(count), {});
  }
}

void MetricList::add(const Json& metrics) {
  add("total", metrics::in_total, base::field(metrics, "total"));
  add("total", metrics::in_total, base::field(metrics, "run"));
  for (const auto& list : lists)
    for (const auto& entry : base::list(base::field(metrics, list.list)))
      if (const auto scope = scope_of(list, entry); !scope.empty()) add(scope, list.kind, entry);
}

std::vector<ScopedMetric> MetricList::take() {
  std::map<std::string, size_t> scopes;  // in the order in which they were first named
  std::map<std::string, std::pair<const metrics::MetricDefinition*, const metrics::Statistic*>> known;
  std::set<std::pair<std::string, std::string>> seen;
  std::erase_if(list_, [&](const ScopedMetric& metric) { return !seen.emplace(metric.scope, metric.name).second; });
  for (auto& metric : list_) {
    scopes.emplace(metric.scope, scopes.size());
    const auto [it, fresh] = known.try_emplace(metric.name);
    if (fresh) {
      it->second.first = metrics::find_metric(metric.name);
      if (it->second.first != nullptr) it->second.second = metrics::find_statistic(*it->second.first, metric.name);
    }
    std::tie(metric.definition, metric.statistic) = it->second;
    if (!metric.value || metric.definition == nullptr) continue;
    if (auto why = metrics::impossible(*metric.definition, *metric.value); !why.empty()) {
      metric.impossible = true;
      metric.reason = std::move(why) + "; read as not measured";
      metric.value.reset();
    }
  }
  std::ranges::stable_sort(
      list_, {}, [&](const ScopedMetric& metric) { return std::pair(scopes.at(metric.scope), place(metric)); });
  return std::exchange(list_, {});
}

const ScopedMetric* find(std::span<const ScopedMetric> metrics, std::string_view scope, std::string_view name) {
  const auto it = std::ranges::find_if(
      metrics, [&](const ScopedMetric& metric) { return metric.scope == scope && metric.name == name; });
  return it == metrics.end() ? nullptr : &*it;
}

}  // namespace host::records
