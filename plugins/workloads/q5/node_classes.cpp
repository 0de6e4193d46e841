#include "workloads/q5/node_classes.hpp"

#include <charconv>

namespace workloads::q5 {
namespace {

constexpr uint32_t nodes_max = 100'000;

template <class T>
bool parse(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::vector<sage::NodeSpec> read_node_classes(const std::string& text, std::span<const std::string_view> abilities) {
  std::vector<sage::NodeSpec> nodes;
  for (std::string_view rest = text; !rest.empty();) {
    const auto item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const auto colon = std::min(item.find(':'), item.size());
    const auto size = colon == item.size() ? std::string_view() : item.substr(colon + 1);
    const auto x = std::min(size.find('x'), size.size());
    uint32_t count = 0;
    double speed = 1;
    const bool valid = colon > 0 && parse(size.substr(0, x), count) && count > 0 && count <= nodes_max &&
                       (x == size.size() || parse(size.substr(x + 1), speed)) && speed > 0 && speed <= 1e6;
    if (!valid || nodes.size() + count > nodes_max)
      throw sage::Failure(SAGE_INVALID, "option 'node_classes': '" + std::string(item) +
                                            "' is not NAME:COUNT or NAME:COUNTxSPEED, as in fast:1x1.0,slow:3x0.35");
    const auto name = item.substr(0, colon);
    sage::NodeSpec node{std::string(name), speed, {}};
    for (const auto ability : abilities)
      if (name != "no-" + std::string(ability)) node.abilities.emplace_back(ability);
    nodes.insert(nodes.end(), count, node);
  }
  if (nodes.empty())
    throw sage::Failure(SAGE_INVALID, "option 'node_classes' is empty; give nodes as in fast:1x1.0,slow:3x0.35");
  return nodes;
}

}  // namespace workloads::q5
