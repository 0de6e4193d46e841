#include "report/measures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "compare/validity.hpp"
#include "metrics/definitions.hpp"
#include "report/fields.hpp"

namespace host::report {
namespace {

using Json = nlohmann::ordered_json;

struct Part {
  const char* list;  // below metadata.metrics
  const char* name;  // the member that names an entry
  const char* scope;
};
constexpr std::array parts = {Part{"classes", "class", "class"}, Part{"tenants", "tenant", "tenant"},
                              Part{"phases", "phase", "phase"}, Part{"disturbances", "target", "event"},
                              Part{"stages", "stage", "stage"}};
constexpr size_t most_scopes = 200;  // of a configuration: pages must open

class Measures {
 public:
  explicit Measures(size_t sides) : sides_(sides) {}

  void add(size_t side, const std::string& scope, std::string_view name, std::optional<double> value,
           const std::string& reason) {
    const auto* definition = metrics::find_metric(name);
    if (definition == nullptr) return;
    auto& names = scopes_[scope];
    if (names.empty()) {
      if (order_.size() == most_scopes) return;
      order_.push_back(scope);
    }
    auto measure = std::ranges::find(names, name, &Measure::name);
    if (measure == names.end()) {
      names.push_back({scope, std::string(name), std::string(definition->unit), std::vector<SideValues>(sides_)});
      measure = names.end() - 1;
    }
    auto& of = measure->sides[side];
    if (value) of.values.push_back(*value);
    if (!value && of.reason.empty()) of.reason = reason;
  }

  void add_members(size_t side, const std::string& scope, const Json& object) {
    if (!object.is_object()) return;
    for (const auto& [name, value] : object.items())
      if (value.is_number() || value.is_null())
        add(side, scope, name, number(value), text(field(object, "reasons"), name));
  }

  std::vector<Measure> take() {
    std::vector<Measure> out;
    for (const auto& scope : order_) std::ranges::move(scopes_[scope], std::back_inserter(out));
    return out;
  }

 private:
  size_t sides_;
  std::vector<std::string> order_;
  std::map<std::string, std::vector<Measure>> scopes_;
};

// The columns that every record has, ours and those of the Python package; they come first.
void add_columns(Measures& out, size_t side, const compare::ResultRecord& run) {
  const auto& reasons = field(run.metadata({"metrics", "total"}), "reasons");
  const auto add = [&](std::string_view name, const std::optional<double>& value) {
    out.add(side, "total", name, value, text(reasons, name));
  };
  add("throughput", run.throughput);
  add("success_rate", run.success_rate);
  add("latency_p50", run.latency_p50);
  add("latency_p95", run.latency_p95);
  add("latency_p99", run.latency_p99);
}

bool is_column(std::string_view name) {
  return name == "throughput" || name == "success_rate" || name == "latency_p50" || name == "latency_p95" ||
         name == "latency_p99";
}

void add_record(Measures& out, size_t side, const compare::ResultRecord& run) {
  add_columns(out, side, run);
  if (const auto& search = run.metadata({"search"}); search.is_object())
    for (const auto* name : {"capacity", "scaling_efficiency", "karp_flatt"})
      out.add(side, "total", name, number(search, name), text(field(search, "reasons"), name));
  const auto& metrics = run.metadata({"metrics"});
  auto total = field(metrics, "total");
  if (total.is_object())
    for (const auto& [name, value] : field(metrics, "total").items())
      if (is_column(name)) total.erase(name);
  out.add_members(side, "total", total);
  out.add_members(side, "total", field(metrics, "run"));
  for (const auto& part : parts)
    for (const auto& entry : list(field(metrics, part.list)))
      if (const auto name = text(entry, part.name); !name.empty())
        out.add_members(side, fmt::format("{}:{}", part.scope, name), entry);
}

}  // namespace

std::vector<Measure> measures_of(const compare::ComparedConfig& config) {
  Measures out(config.sides.size());
  for (size_t side = 0; side < config.sides.size(); ++side)
    for (const auto* run : config.sides[side].repetitions)
      if (compare::usable(*run)) add_record(out, side, *run);
  auto all = out.take();
  for (auto& measure : all)
    for (size_t side = 0; side < config.sides.size(); ++side)
      if (auto& of = measure.sides[side]; of.values.empty() && of.reason.empty())
        of.reason =
            std::ranges::none_of(config.sides[side].repetitions, [](const auto* run) { return compare::usable(*run); })
                ? "no run whose status is ok"
                : "not in the records of this side";
  return all;
}

const Measure* find_measure(const std::vector<Measure>& all, std::string_view scope, std::string_view name) {
  const auto it = std::ranges::find_if(all, [&](const auto& m) { return m.scope == scope && m.name == name; });
  return it == all.end() ? nullptr : &*it;
}

const compare::MetricResult* find_result(const compare::ComparedConfig& config, std::string_view candidate,
                                         std::string_view scope, std::string_view name) {
  const auto it = std::ranges::find_if(config.metrics, [&](const auto& m) {
    return m.candidate == candidate && m.metric.scope == scope && m.metric.name == name;
  });
  return it == config.metrics.end() ? nullptr : &*it;
}

}  // namespace host::report
