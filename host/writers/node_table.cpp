#include "writers/node_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/number_text.hpp"
#include "writers/summary_table.hpp"

namespace host::writers {
namespace {

constexpr size_t most_rows = 16;
constexpr size_t most_named = 10;

std::string number_text(const std::optional<double>& value) { return value ? fmt::format("{:.3g}", *value) : "n/a"; }

std::string line(const std::vector<records::NodeWork>& nodes) {
  const auto [least, most] = std::ranges::minmax(nodes, {}, &records::NodeWork::requests);
  auto text = fmt::format("nodes: {} nodes served {} to {} requests each", nodes.size(), least.requests, most.requests);
  size_t none = 0;
  for (const auto& node : nodes)
    if (node.requests == 0 && ++none <= most_named)
      text += fmt::format("{}{}", none == 1 ? "; none: node " : ", ", node.node);
  if (none > most_named) text += fmt::format(" and {} more", none - most_named);
  return text + "\n";
}

}  // namespace

std::string node_table(const records::RunResult& result) {
  const auto& nodes = result.nodes;
  if (nodes.size() < 2) return "";
  if (nodes.size() > most_rows) return "\n" + line(nodes);
  std::vector<std::vector<std::string>> rows = {{"node", "requests", "share", "busy s", "capacity"}};
  for (const auto& n : nodes)
    rows.push_back({fmt::format("{}{}", n.node, n.requests == 0 ? " served nothing" : ""),
                    fmt::format("{}", n.requests), base::share_text(n.share), number_text(n.busy_s),
                    number_text(n.capacity)});
  return "\n" + text_table(rows);
}

}  // namespace host::writers
