#include "experiment/search_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.hpp"
#include "load/load.hpp"

namespace host::experiment {
namespace {

std::vector<uint32_t> read_node_list(const std::string& text) {
  constexpr uint32_t nodes_max = 100'000;
  std::vector<uint32_t> nodes;
  for (size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    uint32_t n = 0;
    const auto [rest, error] = std::from_chars(text.data() + begin, text.data() + end, n);
    if (error != std::errc{} || rest != text.data() + end || n == 0 || n > nodes_max)
      throw base::usage_error(fmt::format(
          "--node-list '{}' must be numbers from 1 to {} separated by commas, as in 1,2,4", text, nodes_max));
    nodes.push_back(n);
    begin = end + 1;
  }
  std::ranges::sort(nodes);
  const auto repeated = std::ranges::unique(nodes);
  nodes.erase(repeated.begin(), repeated.end());
  return nodes;
}

}  // namespace

double SearchSpec::confidence() const { return 1 - std::exp2(-static_cast<double>(repeat)); }

SearchSpec read_search(const cell::Settings& settings, const catalog::Manifest& workload,
                       const catalog::Manifest& backend) {
  SearchSpec search;
  const auto& list = settings.workload.at("node_list");
  const auto& nodes = settings.shared.at("nodes");
  const bool many = std::ranges::find(backend.capabilities, "nodes") != backend.capabilities.end();
  if (nodes.given && list.given)
    throw base::usage_error("--nodes and --node-list exclude each other; leave one of them out");
  if (nodes.given || (!many && !list.given))
    search.nodes = {static_cast<uint32_t>(std::get<int64_t>(nodes.value))};
  else
    search.nodes = read_node_list(std::get<std::string>(list.value));
  if (!many && search.nodes != std::vector<uint32_t>{1})
    throw base::usage_error(
        fmt::format("backend {} runs on one node; leave --node-list out, or choose a backend with nodes", backend.id));
  const auto attainment = cell::get<double>(settings.workload, "attainment");
  search.subject = {fmt::format("slo_attainment >= {}", attainment), "total", "slo_attainment", false, attainment};
  search.repeat = static_cast<uint32_t>(cell::get<int64_t>(settings.workload, "probe_repeat"));
  search.tolerance = cell::get<double>(settings.workload, "tolerance");
  check_searchable(search, settings, workload.id);
  return search;
}

compare::GateCondition read_subject(const std::string& text, const std::string& source) {
  std::vector<compare::GateCondition> conditions;
  try {
    conditions = compare::parse_gate(text);
  } catch (const base::Error& e) {
    throw base::usage_error(fmt::format("{}: {}", source, e.what()));
  }
  if (conditions.size() != 1)
    throw base::usage_error(fmt::format("{}: one condition is searched with, as in \"slo_attainment >= 0.9\"", source));
  return conditions[0];
}

void check_searchable(const SearchSpec& search, const cell::Settings& settings, const std::string& what) {
  const auto load = load::load_config(cell::values(settings.load), 0);
  const bool closed = load.arrival == load::Arrival::closed;
  const bool rated = !closed && load.arrival != load::Arrival::trace && load.arrival != load::Arrival::offline;
  if (search.whole() ? closed : rated) return;
  throw base::usage_error(
      fmt::format("{} searches for a {}, and --arrival {} has none; use {}", what, search.maximise,
                  cell::get<std::string>(settings.load, "arrival"),
                  search.whole() ? "closed, with a concurrency to begin with" : "constant, poisson, gamma or bursty"));
}

}  // namespace host::experiment
