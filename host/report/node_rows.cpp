#include "report/node_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/json_fields.hpp"
#include "base/number_text.hpp"
#include "report/metric_rows.hpp"

namespace host::report {
namespace {

using base::number;

constexpr size_t most_nodes = 64;  // of a side

template <class Text>
std::string over_runs(const std::vector<double>& values, const Text& text) {
  if (values.empty()) return "n/a";
  const auto [least, most] = std::ranges::minmax(values);
  if (least == most) return text(least);
  return fmt::format("{} [{}, {}]", text(compare::median(values)), text(least), text(most));
}

std::vector<NodeRow> rows_of(const compare::SideResults& side) {
  std::map<int64_t, NodeRow> by_node;
  for (const auto* run : side.repetitions)
    for (const auto& node : base::list(run->metadata({"nodes"}))) {
      const auto id = number(node, "node");
      if (!id || *id < 0 || *id > 1e9) continue;
      auto& row = by_node[static_cast<int64_t>(*id)];
      row.node = static_cast<int64_t>(*id);
      row.side = side.side;
      if (const auto requests = number(node, "requests"); requests && *requests == 0) ++row.idle;
      for (const auto& [key, values] : {std::pair{"requests", &row.requests},
                                        {"share", &row.share},
                                        {"busy_s", &row.busy_s},
                                        {"capacity", &row.capacity}})
        if (const auto value = number(node, key)) values->push_back(*value);
    }
  std::vector<NodeRow> out;
  if (by_node.size() < 2) return out;
  for (auto& [id, row] : by_node)
    if (out.size() < most_nodes) out.push_back(std::move(row));
  return out;
}

}  // namespace

std::vector<NodeRow> node_rows(const compare::ComparedConfig& config) {
  std::vector<NodeRow> out;
  for (const auto& side : config.sides) std::ranges::move(rows_of(side), std::back_inserter(out));
  return out;
}

std::string node_count_text(const std::vector<double>& requests) {
  return over_runs(requests, [](double x) { return fmt::format("{:.0f}", x); });
}
std::string node_share_text(const std::vector<double>& share) {
  return over_runs(share, [](double x) { return base::share_text(x); });
}
std::string node_value_text(const std::vector<double>& values) { return over_runs(values, value_text); }

}  // namespace host::report
