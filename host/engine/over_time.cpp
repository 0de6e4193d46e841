#include "engine/over_time.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "records/recovery.hpp"

namespace host::engine {

void OverTime::start(const metrics::Ended& row, uint64_t offered) {
  started_ = true;
  uptime_.start(row.due_ns, offered);
}

void OverTime::end_round() {
  if (disturbed_rows_.empty()) return;
  // each lane's are in order, those of several lanes are not
  if (!std::ranges::is_sorted(disturbed_rows_, {}, &metrics::Ended::done_ns))
    std::ranges::sort(disturbed_rows_, {}, &metrics::Ended::done_ns);
  disturbances_.take(disturbed_rows_);
  disturbed_rows_.clear();
}

void OverTime::conclude(records::RunResult& result, int64_t now_ns, uint64_t offered, bool waiting) {
  disturbances_.end(now_ns, offered, waiting);
  auto metrics = inversions_.metrics(result.window_s);
  metrics.insert(metrics.begin(), uptime_.metric());
  metrics.push_back(tail_.metric());
  if (result.ledger.log_dropped != 0)
    unobserved_ = fmt::format("{} outcomes came faster than they could be looked at", result.ledger.log_dropped);
  if (!unobserved_.empty())
    for (auto& metric : metrics) metric = metrics::missing(metric.name, unobserved_);
  metrics.push_back(memory_.metric());
  result.over_time = std::move(metrics);

  for (const auto& disturbance : disturbances_.results()) {
    const auto event = std::find_if(result.events.begin(), result.events.end(),
                                    [&](const records::EventRecord& e) { return e.id == disturbance.event; });
    if (event == result.events.end()) continue;
    event->metrics = disturbance.metrics;
    event->censored = disturbance.censored;
    if (event->kind != "reconfigure") continue;
    for (auto& metric : event->metrics)
      if (metric.name == "downtime") metric.name = "reconfiguration_downtime";
    event->metrics.push_back(records::reconfiguration_time(*event));
  }
}

}  // namespace host::engine
