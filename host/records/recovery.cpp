#include "records/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "metrics/definitions.hpp"

namespace host::records {
namespace {

bool was_refused(const EventRecord& event) { return event.status == "failed"; }
// Only what the backend has confirmed did happen.
bool was_carried_out(const EventRecord& event) { return event.confirmed_s && !was_refused(event); }

constexpr auto unconfirmed = "the backend did not confirm it before the run ended";

// The values of one metric over events, and why one of them is missing.
struct Values {
  std::vector<double> values;
  std::vector<double> bounds;  // of those that are below what can be resolved
  std::string reason = "no event of this kind was carried out";

  void take(const EventRecord& event, std::string_view name) {
    for (const auto& metric : event.metrics)
      if (metric.name == name) {
        if (metric.value)
          values.push_back(*metric.value);
        else if (metric.below)
          bounds.push_back(*metric.below);
        else
          reason = metric.reason;
      }
  }
  [[nodiscard]] metrics::Metric total(std::string name) const {
    return values.empty() ? metrics::missing(std::move(name), reason) : metrics::measured(std::move(name), sum(values));
  }
  // One that could not be resolved counts as the resolution.
  [[nodiscard]] metrics::Metric mean(std::string name) const {
    if (values.empty()) return none(std::move(name));
    return metrics::measured(std::move(name),
                             (sum(values) + sum(bounds)) / static_cast<double>(values.size() + bounds.size()));
  }
  [[nodiscard]] metrics::Metric largest(std::string name) const {
    return values.empty() ? none(std::move(name)) : metrics::measured(std::move(name), std::ranges::max(values));
  }

 private:
  [[nodiscard]] static double sum(const std::vector<double>& of) { return std::accumulate(of.begin(), of.end(), 0.0); }
  [[nodiscard]] metrics::Metric none(std::string name) const {
    return bounds.empty() ? metrics::missing(std::move(name), reason)
                          : metrics::below_resolution(std::move(name), std::ranges::max(bounds));
  }
};

DisturbanceSummary of_kind(std::string kind, std::string target, const std::vector<const EventRecord*>& events) {
  DisturbanceSummary out{std::move(kind), std::move(target), events.size(), 0, 0, 0, {}};
  Values recovery, deficit, failed, downtime, time;
  const bool fault = out.kind == "fault";
  const auto* silence = fault ? "downtime" : "reconfiguration_downtime";
  for (const auto* event : events) {
    if (was_refused(*event)) {
      ++out.refused;
      continue;
    }
    if (!was_carried_out(*event)) {
      ++out.unconfirmed;
      for (auto* values : {&recovery, &deficit, &failed, &downtime, &time}) values->reason = unconfirmed;
      continue;
    }
    out.censored += event->censored ? 1 : 0;
    recovery.take(*event, "recovery_time");
    deficit.take(*event, "goodput_deficit");
    failed.take(*event, "failed_requests");
    downtime.take(*event, silence);
    time.take(*event, "reconfiguration_time");
  }
  if (fault) {
    out.metrics.push_back(recovery.mean("mttr"));
  } else {
    out.metrics.push_back(time.mean("reconfiguration_time"));
    out.metrics.push_back(recovery.mean("recovery_time"));
  }
  out.metrics.push_back(downtime.largest(silence));
  out.metrics.push_back(deficit.total("goodput_deficit"));
  out.metrics.push_back(failed.total("failed_requests"));
  return out;
}

}  // namespace

metrics::Metric reconfiguration_time(const EventRecord& event) {
  if (was_carried_out(event)) return metrics::measured("reconfiguration_time", *event.confirmed_s - event.issued_s);
  return metrics::missing(
      "reconfiguration_time",
      was_refused(event) ? "the backend did not do it" + (event.text.empty() ? "" : ": " + event.text) : unconfirmed);
}

void add_disturbances(Summary& summary, const std::vector<EventRecord>& events) {
  Values recovery;
  recovery.reason = metrics::find_metric("mttr")->reason;
  uint64_t faults = 0;
  uint64_t censored = 0;
  for (const auto* kind : {"fault", "reconfigure"}) {
    std::vector<std::string> targets;  // in the order of their first event
    for (const auto& event : events)
      if (event.kind == kind && std::find(targets.begin(), targets.end(), event.target) == targets.end())
        targets.push_back(event.target);
    for (const auto& target : targets) {
      std::vector<const EventRecord*> of;
      for (const auto& event : events)
        if (event.kind == kind && event.target == target) of.push_back(&event);
      summary.disturbances.push_back(of_kind(kind, target, of));
    }
  }
  for (const auto& event : events) {
    if (event.kind != "fault" || was_refused(event)) continue;
    if (!was_carried_out(event)) {
      recovery.reason = unconfirmed;
      continue;
    }
    ++faults;
    censored += event.censored ? 1 : 0;
    recovery.take(event, "recovery_time");
  }
  summary.run.push_back(recovery.mean("mttr"));
  summary.run.push_back(faults == 0 ? metrics::not_counted("faults_censored")
                                    : metrics::measured("faults_censored", static_cast<double>(censored)));
}

}  // namespace host::records
