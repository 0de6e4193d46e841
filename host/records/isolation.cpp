#include "records/isolation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "metrics/definitions.hpp"

namespace host::records {
namespace {

// "The same schedule" is what makes solo and shared comparable: beyond this ratio of the offered rates they are not.
constexpr double load_ratio_max = 1.5;

bool is_shared(std::string_view phase) { return phase == "shared" || phase.starts_with("shared:"); }

const ScopeSummary* solo_of(const std::vector<ScopeSummary>& rows, const std::string& tenant) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const ScopeSummary& row) {
    return row.tenant == tenant && row.phase == "solo:" + tenant && row.offered > 0;
  });
  return found == rows.end() ? nullptr : &*found;
}

// Why a tenant's solo phase is not a yardstick for its shared one; empty if it is.
std::string objection(const ScopeSummary& shared, const ScopeSummary* solo) {
  if (shared.offered == 0) return fmt::format("tenant {} offered nothing", shared.tenant);
  if (solo == nullptr) return fmt::format("there is no phase solo:{}", shared.tenant);
  const auto a = shared.value("offered_rate");
  const auto b = solo->value("offered_rate");
  if (!a || !b) return "the window has no length";
  if (*a > load_ratio_max * *b || *b > load_ratio_max * *a)
    return fmt::format("tenant {} offers {:.3g} times its solo load", shared.tenant, *a / *b);
  return "";
}

metrics::Metric ratio(std::string name, const ScopeSummary& shared, const ScopeSummary& solo,
                      const std::string& metric) {
  const auto& above = shared.at(metric);
  const auto& below = solo.at(metric);
  if (!above.value) return metrics::missing(std::move(name), "shared: " + above.reason);
  if (!below.value) return metrics::missing(std::move(name), "solo: " + below.reason);
  if (*below.value <= 0) return metrics::missing(std::move(name), "solo: " + metric + " is 0");
  return metrics::measured(std::move(name), *above.value / *below.value);
}

}  // namespace

metrics::Metric fairness(std::span<const ScopeSummary* const> tenants) {
  std::vector<double> satisfied;
  for (const auto* tenant : tenants)
    if (const auto throughput = tenant->value("throughput"); throughput && tenant->offered > 0)
      satisfied.push_back(*throughput * tenant->window_s / static_cast<double>(tenant->offered));
  if (satisfied.size() < 2)
    return metrics::missing("fairness", fmt::format("needs two tenants with load, has {}", satisfied.size()));
  if (std::all_of(satisfied.begin(), satisfied.end(), [](double x) { return x <= 0; }))
    return metrics::not_counted("fairness");
  return metrics::measured("fairness", metrics::jain_index(satisfied));
}

std::vector<SharedPhase> isolation(std::vector<ScopeSummary>& phase_tenants) {
  std::vector<SharedPhase> phases;
  for (size_t i = 0; i < phase_tenants.size();) {
    auto end = i;
    while (end < phase_tenants.size() && phase_tenants[end].phase == phase_tenants[i].phase) ++end;
    const auto rows = std::span(phase_tenants).subspan(i, end - i);
    i = end;
    if (!is_shared(rows.front().phase)) continue;
    std::vector<const ScopeSummary*> tenants;
    double stp = 0;
    double slowdown = 0;
    double worst = 1;
    size_t compared = 0;
    std::string first_objection;
    for (auto& shared : rows) {
      tenants.push_back(&shared);
      const auto* solo = solo_of(phase_tenants, shared.tenant);
      auto why = objection(shared, solo);
      std::vector<metrics::Metric> added;
      for (const auto& q : metrics::find_metric("interference")->statistics) {
        const auto name = fmt::format("interference_{}", q.name);
        added.push_back(why.empty() ? ratio(name, shared, *solo, fmt::format("latency_{}", q.name))
                                    : metrics::missing(name, why));
      }
      if (why.empty()) {
        const auto times = ratio("", shared, *solo, "latency_mean");
        const auto served = ratio("", shared, *solo, "success_rate");
        // Throughput for the load offered: the chance of arrivals cancels.
        const auto& x_shared = shared.at("throughput");
        const auto& x_solo = solo->at("throughput");
        if (times.value && served.value && x_shared.value && x_solo.value && *x_solo.value > 0) {
          ++compared;
          stp += (*x_shared.value / *shared.value("offered_rate")) / (*x_solo.value / *solo->value("offered_rate"));
          slowdown += *times.value;
          worst = std::min(worst, *served.value / *times.value);
        } else {
          why = fmt::format("tenant {} has no response in one of the phases", shared.tenant);
        }
      }
      if (first_objection.empty()) first_objection = why;
      shared.metrics.insert(shared.metrics.end(), added.begin(), added.end());
    }
    SharedPhase phase{rows.front().phase, {}};
    if (compared == rows.size()) {
      phase.metrics.push_back(metrics::measured("stp", stp));
      phase.metrics.push_back(metrics::measured("antt", slowdown / static_cast<double>(compared)));
    } else {
      phase.metrics.push_back(metrics::missing("stp", first_objection));
      phase.metrics.push_back(metrics::missing("antt", first_objection));
    }
    // Of those that can be compared: the victims, where the disturber's own load is what steps up.
    phase.metrics.push_back(compared > 0 ? metrics::measured("isolation_index", worst)
                                         : metrics::missing("isolation_index", first_objection));
    phase.metrics.push_back(fairness(tenants));
    phases.push_back(std::move(phase));
  }
  return phases;
}

}  // namespace host::records
