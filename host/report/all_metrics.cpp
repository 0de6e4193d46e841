#include "report/all_metrics.hpp"

#include <fmt/format.h>

#include <array>
#include <set>

#include "metrics/definitions.hpp"
#include "report/fields.hpp"

namespace host::report {
namespace {

using Json = nlohmann::ordered_json;

// Lists below metadata.metrics, with the members that name an entry and what its scope is made of.
struct Part {
  const char* list;
  std::array<const char*, 2> names;     // "" = one name only
  std::array<const char*, 2> prefixes;  // of the scope
};
constexpr std::array parts = {
    Part{"classes", {"class", ""}, {"class", ""}},
    Part{"tenants", {"tenant", ""}, {"tenant", ""}},
    Part{"phases", {"phase", ""}, {"phase", ""}},
    Part{"shared_phases", {"phase", ""}, {"phase", ""}},
    Part{"phase_classes", {"phase", "class"}, {"phase", "class"}},
    Part{"phase_tenants", {"phase", "tenant"}, {"phase", "tenant"}},
    Part{"stages", {"stage", ""}, {"stage", ""}},
    Part{"disturbances", {"target", ""}, {"event", ""}},
};

std::string unit_of(std::string_view name) {
  if (const auto* definition = metrics::find_metric(name)) return std::string(definition->unit);
  if (name == "window_seconds") return "s";
  if (name == "tokens_out") return "tokens";
  for (const auto* counted : {"offered", "lost", "wrong", "duplicated", "unexpected", "bad_stamps"})
    if (name == counted) return "requests";
  return name.starts_with("outcomes.") ? "requests" : "";
}

class Collector {
 public:
  void add(const std::string& scope, const Json& object) {
    if (!object.is_object()) return;
    for (const auto& [name, value] : object.items()) {
      if (value.is_number() || value.is_null())
        add(scope, name, number(value), text(field(object, "reasons"), name));
      else if (name == "outcomes" && value.is_object())
        for (const auto& [outcome, count] : value.items()) add(scope, "outcomes." + outcome, number(count), "");
    }
  }
  void add(const std::string& scope, const std::string& name, std::optional<double> value, std::string reason) {
    if (!seen_.insert({scope, name}).second) return;
    if (!value && reason.empty()) reason = "the record has no value";
    out_.push_back({scope, name, value, unit_of(name), value ? "" : std::move(reason)});
  }
  std::vector<NamedValue> take() { return std::move(out_); }

 private:
  std::vector<NamedValue> out_;
  std::set<std::pair<std::string, std::string>> seen_;
};

std::string scope_of(const Part& part, const Json& entry) {
  auto scope = fmt::format("{}:{}", part.prefixes[0], text(entry, part.names[0]));
  if (*part.names[1] != '\0') scope += fmt::format("/{}:{}", part.prefixes[1], text(entry, part.names[1]));
  return scope;
}

}  // namespace

std::vector<NamedValue> all_metrics(const compare::ResultRecord& record) {
  Collector out;
  out.add("total", record.metadata({"metrics", "total"}));
  out.add("total", record.metadata({"metrics", "run"}));
  out.add("total", record.metadata({"search"}));
  for (const auto& [name, value] : {std::pair{"throughput", record.throughput},
                                    {"latency_p50", record.latency_p50},
                                    {"latency_p95", record.latency_p95},
                                    {"latency_p99", record.latency_p99},
                                    {"success_rate", record.success_rate}})
    out.add("total", name, value, text(record.metadata({"reason"})));
  for (const auto& part : parts)
    for (const auto& entry : list(record.metadata({"metrics", part.list}))) out.add(scope_of(part, entry), entry);
  return out.take();
}

}  // namespace host::report
