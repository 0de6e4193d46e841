// What tenants feel of each other: the distribution of each one's latencies, a line for each side.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json_fields.hpp"
#include "metrics/quantile.hpp"
#include "records/hlog.hpp"
#include "report/chart.hpp"
#include "report/figures/parts.hpp"

namespace host::report {
namespace {

using base::list;
using base::text;

constexpr size_t most_tenants = 4;
constexpr size_t most_at_points = 4;  // points with figures: the first ones

// The tenants of a record, and whether they ran beside each other.
std::vector<std::string> tenants_of(const compare::ResultRecord& record) {
  std::vector<std::string> out;
  for (const auto& tenant : list(record.metadata({"metrics", "tenants"})))
    if (auto name = text(tenant, "tenant"); !name.empty()) out.push_back(std::move(name));
  return out;
}

// Those of every usable run, if in one of them there were several.
std::vector<std::string> tenants_of(const Experiment& experiment) {
  std::vector<std::string> out;
  bool several = false;
  for (const auto& [where, cell] : experiment.cells)
    for (const auto* run : cell.usable) {
      const auto names = tenants_of(*run);
      several = several || names.size() > 1;
      for (const auto& name : names)
        if (out.size() < most_tenants && std::ranges::find(out, name) == out.end()) out.push_back(name);
    }
  return several ? out : std::vector<std::string>();
}

struct Pooled {
  metrics::Histogram together;  // of the tenant, in all phases of the run
  metrics::Histogram alone;     // in its phase solo:NAME
  size_t runs = 0;
  size_t unread = 0;
};

Pooled pooled_of(const ExperimentCell& cell, const std::string& tenant) {
  Pooled out;
  const auto tag = records::hlog_tag("tenant", tenant);
  const auto solo = records::hlog_tag("phase", "solo:" + tenant);
  for (const auto* run : cell.usable) {
    const auto names = tenants_of(*run);
    const bool only = names.size() == 1 && names.front() == tenant;  // then all of the log is its own
    std::error_code error;
    const auto file = run->folder / "latency.hlog";
    if (run->folder.empty() || out.runs == most_runs_read || !std::filesystem::exists(file, error)) continue;
    try {
      for (const auto& entry : records::read_hlog(file)) {
        if (entry.tag == (only ? "" : tag)) out.together.merge(entry.histogram);
        if (entry.tag == solo) out.alone.merge(entry.histogram);
      }
      ++out.runs;
    } catch (const std::exception&) {
      ++out.unread;
    }
  }
  return out;
}

// Shares of the requests with the latency that they had at most, as far as ten lie beyond.
FigureSeries cumulative(const metrics::Histogram& latency, std::string name, size_t runs) {
  constexpr int steps = 100;
  FigureSeries out{.name = std::move(name), .marked = false};
  const auto add = [&](double q) {
    if (const auto ns = metrics::quantile_ns(latency, q))
      out.points.push_back({.x = *ns / 1e6, .y = {q, q, q, runs, false}});
  };
  for (int i = 1; i < steps; ++i) add(static_cast<double>(i) / steps);
  for (const double q : {0.995, 0.999, 0.9995, 0.9999}) add(q);
  return out;
}

void add_tenant(std::vector<Figure>& out, const Experiment& experiment, size_t point, const std::string& tenant,
                size_t number) {
  const auto& name = experiment.points[point].name;
  Figure figure{.id = fmt::format("isolation-{}-{}", number, point + 1),
                .title = fmt::format("Latency of tenant {}{}", tenant, experiment.points.size() > 1 ? ", " + name : ""),
                .x = {.title = "latency (ms)"},
                .y = {.title = "share of its requests", .share = true}};
  size_t unread = 0;
  std::string counts;
  bool alone = false;
  for (size_t side = 0; side < std::min(experiment.sides.size(), most_lines / 2); ++side) {
    const auto* cell = experiment.cell(side, point);
    if (cell == nullptr) continue;
    const auto pooled = pooled_of(*cell, tenant);
    unread += pooled.unread;
    auto add = [&](const metrics::Histogram& latency, const std::string& as, size_t dash) {
      auto series = cumulative(latency, as, pooled.runs);
      if (series.points.empty()) return false;
      series.side = experiment.sides[side];
      series.color = side;
      series.dash = dash;
      figure.series.push_back(std::move(series));
      return true;
    };
    if (!add(pooled.together, experiment.sides[side], 0)) continue;
    counts += fmt::format("{}{}: {} requests of {} run{}", counts.empty() ? "" : "; ", experiment.sides[side],
                          pooled.together.count(), pooled.runs, pooled.runs == 1 ? "" : "s");
    if (add(pooled.alone, experiment.sides[side] + ", alone", 1)) alone = true;
  }
  if (figure.series.empty()) return;
  double least = INFINITY;
  double most = 0;
  for (const auto& series : figure.series) {
    least = std::min(least, series.points.front().x);
    most = std::max(most, series.points.back().x);
  }
  figure.x.logarithmic = least > 0 && most > 20 * least;
  figure.caption = fmt::format(
      "Share of the tenant's ok requests that took no longer, of the runs whose status is ok, pooled: {}. Lines end "
      "where fewer than 10 requests lie beyond.{}{} {}",
      counts,
      alone ? " Alone: of the same runs, the phase in which no other tenant ran; the other line is of all phases." : "",
      unread > 0 ? fmt::format(" {} latency.hlog could not be read.", unread) : "", clock_and_seeds(experiment));
  out.push_back(std::move(figure));
}

}  // namespace

void add_isolation(std::vector<Figure>& out, const Experiment& experiment) {
  const auto tenants = tenants_of(experiment);
  for (size_t point = 0; point < std::min(experiment.points.size(), most_at_points); ++point)
    for (size_t i = 0; i < tenants.size(); ++i) add_tenant(out, experiment, point, tenants[i], i + 1);
}

}  // namespace host::report
