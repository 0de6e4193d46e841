#include "compare/scoped_name.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.hpp"

namespace host::compare {
namespace {

bool is_scope(std::string_view scope) {
  if (scope == "total") return true;
  for (const std::string_view prefix : {"class:", "tenant:", "phase:", "event:"})
    if (scope.starts_with(prefix) && scope.size() > prefix.size()) return true;
  return false;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

metrics::Kinds kind_of_scope(std::string_view scope) {
  if (scope == "total") return metrics::in_total;
  return scope.starts_with("event:") ? metrics::in_event : metrics::in_part;
}

ScopedName read_scoped_name(std::string_view text) {
  ScopedName out;
  auto name = trimmed(text);
  if (const auto slash = name.rfind('/'); slash != std::string_view::npos) {
    out.scope = std::string(trimmed(name.substr(0, slash)));
    name = trimmed(name.substr(slash + 1));
    if (!is_scope(out.scope)) {
      out.problem =
          fmt::format("'{}' is no scope: total, class:NAME, tenant:NAME, phase:NAME or event:NAME", out.scope);
      return out;
    }
  }
  out.metric = std::string(name);
  const auto names = metrics::metric_names();
  if (std::ranges::find(names, out.metric) == names.end())
    out.problem = fmt::format("no metric is called '{}'{}", out.metric, base::did_you_mean(out.metric, names));
  return out;
}

}  // namespace host::compare
