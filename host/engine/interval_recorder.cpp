#include "engine/interval_recorder.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <utility>

namespace host::engine {

namespace {
double seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }
}  // namespace

IntervalRecorder::IntervalRecorder(Session& session, const Feed& feed, CallWatch* watch)
    : session_(session),
      feed_(feed),
      watch_(watch),
      length_ns_(static_cast<int64_t>(session.config.interval_s * 1e9)),
      next_ns_(session.ledger->start_ns + length_ns_),
      begin_ns_(session.ledger->start_ns),
      before_(session.workload.classes.size()) {
  if (!session.clock.is_virtual()) noise_.emplace("/", getpid(), machine::usable_cpus());
}

bool IntervalRecorder::warming_up() const { return session_.ledger->offered() <= session_.config.load.warmup_items; }

void IntervalRecorder::woke(int64_t due_ns, int64_t now_ns) {
  gaps_.woke(due_ns, now_ns);
  if (noise_) noise_->overslept(now_ns - due_ns);
}

machine::Gaps IntervalRecorder::all_gaps() const {
  auto all = gaps_;
  all.merge(feed_.host_gaps());
  return all;
}

void IntervalRecorder::end_of_load() {
  if (!noise_) return;
  last_use_ = noise_->interval(warming_up());
  noise_record_ = noise_->conclude(all_gaps(), session_.ledger->start_ns);
}

nlohmann::ordered_json IntervalRecorder::noise() {
  if (noise_record_) return *noise_record_;
  return noise_ ? noise_->conclude(all_gaps(), session_.ledger->start_ns)
                : machine::unmeasured_noise("simulated time: nothing on this machine disturbs it");
}

records::Interval IntervalRecorder::take(int64_t now_ns) {
  const auto& ledger = *session_.ledger;
  records::Interval record;
  record.begin_s = seconds(begin_ns_ - ledger.start_ns);
  record.end_s = seconds(now_ns - ledger.start_ns);
  begin_ns_ = now_ns;
  record.phase = session_.phase_name.load(std::memory_order_relaxed);
  record.total_done = ledger.done();  // first, so that it is not more than what was offered
  record.total_offered = ledger.offered();
  record.warmup = warming_up();
  record.offered = record.total_offered - std::exchange(offered_before_, record.total_offered);
  record.in_flight = record.total_offered > record.total_done ? record.total_offered - record.total_done : 0;

  std::array<uint64_t, metrics::outcome_count> outcomes{};
  ledger.lanes.for_each([&](const Lane& lane) {
    for (size_t i = 0; i < metrics::outcome_count; ++i) outcomes[i] += lane.outcomes[i].get();
  });
  for (size_t i = 0; i < metrics::outcome_count; ++i) record.outcomes[i] = outcomes[i] - outcomes_before_[i];
  outcomes_before_ = outcomes;
  plan_next(now_ns, record.offered == 0 && record.in_flight == 0);

  const auto blocked = session_.blocked_ns.load(std::memory_order_relaxed);
  record.blocked_ns = static_cast<uint64_t>(blocked - std::exchange(blocked_before_ns_, blocked));

  metrics::Histogram lateness;
  feed_.lateness.add_to(lateness);
  const auto late_now = lateness.since(lateness_before_);
  record.lateness_p99_ns = late_now.empty() ? -1 : late_now.quantile(0.99);
  lateness_before_ = std::move(lateness);

  take_classes(record);
  sage_stats stats{};
  if (!ledger.closed() && session_.backend.stats(stats)) {
    record.resident_bytes = stats.resident_bytes;
    session_.ledger->clock_error_ns.store(clock_error_ns(stats), std::memory_order_relaxed);
  }
  take_noise(record);
  if (watch_ != nullptr) {
    watch_->offered.store(record.total_offered, std::memory_order_relaxed);
    watch_->done.store(record.total_done, std::memory_order_relaxed);
  }
  return record;
}

// At a multiple of its length, whenever this one ended.
void IntervalRecorder::plan_next(int64_t now_ns, bool idle) {
  constexpr unsigned patience = 60;
  constexpr unsigned doublings_max = 20;
  idle_ = idle ? idle_ + 1 : 0;
  if (++taken_ == most) {
    taken_ = 0;
    length_ns_ *= 2;
    session_.services.log(SAGE_LOG_WARNING,
                          fmt::format("{} intervals: they are {:g} s long from here on", most, seconds(length_ns_)));
  }
  const auto grown = idle_ > patience ? std::min(idle_ - patience, doublings_max) : 0U;
  const auto start_ns = session_.ledger->start_ns;
  const auto passed = (now_ns - start_ns) / length_ns_;
  next_ns_ = start_ns + (passed + (int64_t{1} << grown)) * length_ns_;
}

metrics::Counters IntervalRecorder::class_total(size_t class_id) const {
  metrics::Counters total;
  const auto& lanes = session_.ledger->lanes;
  const auto& shape = lanes.shape();
  lanes.for_each([&](const Lane& lane) {
    for (size_t phase = 0; phase < Phases::max; ++phase)
      for (size_t tenant = 0; tenant < shape.tenants; ++tenant)
        if (const auto* cell = lane.peek(shape.cell(phase, class_id, tenant))) {
          total.offered += cell->offered.get();
          for (size_t i = 0; i < metrics::outcome_count; ++i) total.outcomes[i] += cell->outcomes[i].get();
          total.slo_met += cell->slo_met.get();
          cell->response.add_to(total.response);
        }
  });
  return total;
}

void IntervalRecorder::take_classes(records::Interval& record) {
  for (size_t c = 0; c < before_.size(); ++c) {
    auto total = class_total(c);
    auto& before = before_[c];
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
}

void IntervalRecorder::take_noise(records::Interval& record) {
  record.noisy = gaps_.count() != std::exchange(gaps_before_, gaps_.count());
  const auto use = noise_record_ ? last_use_ : noise_ ? noise_->interval(record.warmup) : std::nullopt;
  if (!use) return;
  record.steal_share = use->share(use->steal);
  if (use->other) record.other_cpu_share = use->share(*use->other);
  record.noisy = record.noisy || machine::is_noisy(*use);
}

}  // namespace host::engine
