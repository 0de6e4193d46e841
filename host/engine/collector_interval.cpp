// The collector's interval records: what all lanes have counted since the last one.
#include <sage/plugin.hpp>

#include "engine/collector.hpp"

namespace host::engine {

namespace {
double seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }
}  // namespace

metrics::Counters Collector::class_total(size_t class_id, size_t phase_limit) const {
  metrics::Counters total;
  const auto& shape = session_.lanes->shape();
  session_.lanes->for_each([&](const Lane& lane) {
    for (size_t phase = 0; phase < phase_limit; ++phase)
      for (size_t tenant = 0; tenant < shape.tenants; ++tenant)
        if (const auto* cell = lane.peek(shape.cell(phase, class_id, tenant))) {
          total.offered += cell->offered.get();
          for (size_t i = 0; i < metrics::outcome_count; ++i) total.outcomes[i] += cell->outcomes[i].get();
          total.slo_met += cell->slo_met.get();
          if (cell->response.count() != 0) cell->response.add_to(total.response);
        }
  });
  return total;
}

void Collector::interval(int64_t now_ns) {
  records::Interval record;
  record.begin_s = seconds(interval_begin_ns_ - session_.start_ns);
  record.end_s = seconds(now_ns - session_.start_ns);
  interval_begin_ns_ = now_ns;
  record.phase = session_.phase_name.load(std::memory_order_relaxed);
  record.total_offered = session_.offered.load(std::memory_order_relaxed);
  record.total_done = session_.done();
  record.warmup = warming_up();
  record.offered = record.total_offered - offered_before_;
  offered_before_ = record.total_offered;
  // a completion may be counted before its request is: never show a negative number
  record.in_flight = record.total_offered > record.total_done ? record.total_offered - record.total_done : 0;

  std::array<uint64_t, metrics::outcome_count> outcomes{};
  session_.lanes->for_each([&](const Lane& lane) {
    for (size_t i = 0; i < metrics::outcome_count; ++i) outcomes[i] += lane.outcomes[i].get();
  });
  for (size_t i = 0; i < metrics::outcome_count; ++i) record.outcomes[i] = outcomes[i] - outcomes_before_[i];
  outcomes_before_ = outcomes;

  const auto blocked = session_.blocked_ns.load(std::memory_order_relaxed);
  record.blocked_ns = static_cast<uint64_t>(blocked - blocked_before_ns_);
  blocked_before_ns_ = blocked;

  metrics::Histogram lateness;
  feed_.lateness.add_to(lateness);
  const auto late_now = lateness.since(lateness_before_);
  record.lateness_p99_ns = late_now.empty() ? -1 : late_now.quantile(0.99);
  lateness_before_ = std::move(lateness);

  for (size_t c = 0; c < before_.size(); ++c) {
    auto total = class_total(c, Phases::max);
    auto& before = before_[c].cell;
    records::Interval::ClassRow row;
    row.name = std::string(sage::view(session_.workload.classes[c]->name));
    row.offered = total.offered - before.offered;
    for (size_t i = 0; i < metrics::outcome_count; ++i)
      (i == 0 ? row.ok : row.failed) += total.outcomes[i] - before.outcomes[i];
    row.slo_met = total.slo_met - before.slo_met;
    if (total.response.count() != before.response.count()) row.response = total.response.since(before.response);
    record.response.merge(row.response);
    before = std::move(total);
    record.classes.push_back(std::move(row));
  }
  sage_stats stats{};
  if (!session_.closed.load() && session_.backend.stats(stats)) record.resident_bytes = stats.resident_bytes;
  if (!record.warmup) over_time_.memory(record.end_s, record.resident_bytes);
  if (const auto use = noise_record_ ? last_use_ : noise_ ? noise_->interval(record.warmup) : std::nullopt) {
    record.steal_share = use->share(use->steal);
    if (use->other) record.other_cpu_share = use->share(*use->other);
    record.noisy = machine::is_noisy(*use);
  }
  if (watch_ != nullptr) {
    watch_->offered.store(record.total_offered, std::memory_order_relaxed);
    watch_->done.store(record.total_done, std::memory_order_relaxed);
  }
  tell_events();
  for (auto* writer : writers_) writer->take(record);
}

void Collector::tell_events() {
  for (const auto& report : session_.take_event_reports())
    events_.confirmed(report.id, seconds(report.at_ns - session_.start_ns), report.status == SAGE_OK, report.text);
  for (const auto& event : events_.take_changed())
    for (auto* writer : writers_) writer->take(event);
}

}  // namespace host::engine
