// The distribution of response times: by percentile, and cumulative.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "metrics/quantile.hpp"
#include "report/chart.hpp"

namespace host::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr double points_per_nine = 16;
constexpr double cdf_points = 100;

// The percentile q of each run that has samples enough for it; the repetition is the unit, so runs are not pooled.
std::vector<double> at(const std::vector<const metrics::Histogram*>& runs, double q) {
  std::vector<double> out;
  for (const auto* run : runs)
    if (const auto ns = metrics::quantile_ns(*run, q)) out.push_back(*ns / 1e6);
  return out;
}

struct Curve {
  std::vector<double> q, middle, low, high;
};

Curve curve(const std::vector<const metrics::Histogram*>& runs, const std::vector<double>& grid) {
  Curve out;
  for (const double q : grid) {
    const auto values = at(runs, q);
    if (values.empty() || values.size() * 2 < runs.size()) break;
    const auto [low, high] = std::ranges::minmax(values);
    if (high <= 0) continue;  // a log axis has no place for it
    out.q.push_back(q);
    out.middle.push_back(compare::median(values));
    out.low.push_back(low);
    out.high.push_back(high);
  }
  return out;
}

std::vector<const metrics::Histogram*> histograms(const SideData& side) {
  std::vector<const metrics::Histogram*> out;
  for (const auto& run : side.runs)
    if (const auto it = run.latency.find(""); it != run.latency.end() && !it->second.empty())
      out.push_back(&it->second);
  return out;
}

Json series(const SideData& side) { return {{"name", side.side}, {"color", side.color}, {"points", Json::array()}}; }

std::string source(const std::string& counts) {
  return fmt::format(
      "Response times of ok requests, ms, from latency.hlog. {}. A percentile is taken within a run; the line is the "
      "median of the runs, the band their range. It ends where fewer than 10 samples lie beyond.",
      counts);
}

}  // namespace

double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return 0;
  const double scale = std::pow(10, 4 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

std::vector<Chart> latency_charts(const std::vector<SideData>& sides) {
  std::vector<double> nines;
  for (int i = 0; i <= 7 * points_per_nine; ++i) nines.push_back(1 - std::pow(10, -i / points_per_nine));
  std::vector<double> even;
  for (int i = 1; i < cdf_points; ++i) even.push_back(i / cdf_points);

  auto by_percentile = Json::array();
  auto cumulative = Json::array();
  std::string counts;
  for (const auto& side : sides) {
    const auto runs = histograms(side);
    if (runs.empty()) continue;
    uint64_t samples = 0;
    for (const auto* run : runs) samples += run->count();
    counts += fmt::format("{}{}: {} requests in {} run{}", counts.empty() ? "" : "; ", side.side, samples, runs.size(),
                          runs.size() == 1 ? "" : "s");
    const auto tail = curve(runs, nines);
    auto line = series(side);
    for (size_t i = 0; i < tail.q.size(); ++i) {
      line["points"].push_back({rounded(-std::log10(1 - tail.q[i])), rounded(tail.middle[i])});
      if (runs.size() > 1) line["band"].push_back({rounded(tail.low[i]), rounded(tail.high[i])});
    }
    if (!tail.q.empty()) by_percentile.push_back(std::move(line));
    const auto whole = curve(runs, even);
    line = series(side);
    for (size_t i = 0; i < whole.q.size(); ++i)
      line["points"].push_back({rounded(whole.middle[i]), rounded(whole.q[i])});
    if (!whole.q.empty()) cumulative.push_back(std::move(line));
  }
  std::vector<Chart> out;
  if (!by_percentile.empty())
    out.push_back({"Latency by percentile",
                   source(counts),
                   {{"kind", "line"},
                    {"x", {{"title", "percentile"}, {"scale", "nines"}}},
                    {"y", {{"title", "latency (ms)"}, {"scale", "log"}}},
                    {"series", std::move(by_percentile)}}});
  if (!cumulative.empty())
    out.push_back({"Cumulative distribution of latency",
                   "The same runs: share of requests that took no longer than x, median of the runs by percentile.",
                   {{"kind", "line"},
                    {"x", {{"title", "latency (ms)"}, {"scale", "log"}}},
                    {"y", {{"title", "share of requests"}, {"scale", "percent"}}},
                    {"series", std::move(cumulative)}}});
  return out;
}

}  // namespace host::report
