// What searches for capacity found: attainment against rate, and capacity against nodes.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/json_fields.hpp"
#include "report/chart.hpp"

namespace host::report {
namespace {

using base::field;
using base::list;
using base::number;
using Json = nlohmann::ordered_json;

// Attainment of the probes of one number of nodes, the worst where a rate was run several times.
std::map<double, std::map<double, double>> attainment_of(const Json& frontier) {
  std::map<double, std::map<double, double>> out;  // nodes -> rate -> attainment
  for (const auto& probe : list(field(frontier, "probes"))) {
    const auto nodes = number(probe, "nodes");
    const auto rate = number(probe, "rate");
    const auto attainment = number(probe, "slo_attainment");
    if (!nodes || !rate || !attainment || *rate <= 0) continue;
    const auto [at, first] = out[*nodes].emplace(*rate, *attainment);
    if (!first) at->second = std::min(at->second, *attainment);
  }
  return out;
}

Json capacities(const Json& frontier) {
  auto out = Json::array();
  for (const auto& point : list(field(frontier, "points")))
    if (const auto nodes = number(point, "nodes"), capacity = number(point, "capacity");
        nodes && capacity && *nodes > 0 && *capacity > 0)
      out.push_back({*nodes, rounded(*capacity)});
  return out;
}

}  // namespace

std::vector<Chart> frontier_charts(const std::vector<Frontier>& frontiers) {
  auto attained = Json::array();
  auto found = Json::array();
  size_t probes = 0;
  std::set<double> wanted;
  std::set<double> most_nodes;
  for (const auto& frontier : frontiers) {
    size_t dash = 0;
    if (const auto share = number(frontier.json, "attainment")) wanted.insert(*share);
    for (const auto& [nodes, rates] : attainment_of(frontier.json)) {
      Json line = {{"name", fmt::format("{}, {} node{}", frontier.side, nodes, nodes == 1 ? "" : "s")},
                   {"color", frontier.color},
                   {"dash", dash++},
                   {"markers", true},
                   {"points", Json::array()}};
      for (const auto& [rate, attainment] : rates) line["points"].push_back({rounded(rate), rounded(attainment)});
      probes += rates.size();
      attained.push_back(std::move(line));
    }
    auto points = capacities(frontier.json);
    if (points.empty()) continue;
    for (const auto& point : points) most_nodes.insert(point[0].get<double>());
    found.push_back({{"name", frontier.side}, {"color", frontier.color}, {"markers", true}, {"points", points}});
    if (points.size() < 2) continue;
    const auto each = points[0][1].get<double>() / points[0][0].get<double>();
    const auto last = points.back()[0].get<double>();
    found.push_back({{"name", frontier.side + ", linear"},
                     {"color", frontier.color},
                     {"dash", 2},
                     {"light", true},
                     {"points", {points[0], {last, rounded(each * last)}}}});
  }
  std::vector<Chart> out;
  if (!attained.empty())
    out.push_back({"SLO attainment against rate",
                   fmt::format("{} rates that the searches ran, a line for each number of nodes; of repetitions the "
                               "worst. From frontier.json.",
                               probes),
                   {{"kind", "line"},
                    {"x", {{"title", "offered rate (1/s)"}, {"scale", "log"}}},
                    {"y", {{"title", "SLO attainment"}, {"scale", "percent"}, {"max", 1}}},
                    {"levels", wanted},
                    {"series", std::move(attained)}}});
  if (!found.empty())
    out.push_back({"Capacity against nodes",
                   "The largest rate at which the objectives were met, 1/s; 'linear' is the smallest cluster's, times "
                   "nodes. From frontier.json.",
                   {{"kind", "line"},
                    {"x", {{"title", "nodes"}, {"scale", "log"}, {"ticks", most_nodes}}},
                    {"y", {{"title", "capacity (1/s)"}, {"scale", "log"}}},
                    {"series", std::move(found)}}});
  return out;
}

}  // namespace host::report
