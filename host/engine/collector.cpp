#include "engine/collector.hpp"

#include <unistd.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

namespace host::engine {

namespace {
constexpr size_t rows_at_once = 4096;
constexpr auto poll = std::chrono::milliseconds(2);

}  // namespace

Collector::Collector(Session& session, Feed& feed, EventLog& events, const records::RunInfo& info,
                     std::span<records::Writer* const> writers, CallWatch* watch)
    : session_(session),
      feed_(feed),
      events_(events),
      info_(info),
      writers_(writers.begin(), writers.end()),
      watch_(watch),
      interval_ns_(static_cast<int64_t>(session.config.interval_s * 1e9)),
      timeout_ns_(static_cast<int64_t>(session.config.load.timeout_s * 1e9)),
      settles_(session.workload.settles()),
      next_interval_ns_(session.start_ns + interval_ns_),
      next_expiry_ns_(session.start_ns + timeout_ns_),
      interval_begin_ns_(session.start_ns),
      before_(session.workload.classes.size()),
      over_time_(session.config.hold_window_s),
      wrong_by_cell_(session.lanes->shape().cells()) {
  if (!session.clock.is_virtual()) noise_.emplace("/", getpid(), machine::usable_cpus());
  for (const auto* pipeline : session.workload.pipelines) {
    const auto stage = pipeline->steps[0]->stage;
    const bool keyed = session.workload.stages[stage]->key_by != SAGE_KEY_NONE;
    first_stage_.push_back(keyed ? no_stage : static_cast<uint16_t>(stage));
  }
}

int64_t Collector::next_ns() const {
  const auto tick = over_time_.next_ns();
  return std::min({next_interval_ns_, next_expiry_ns_, tick == INT64_MAX ? tick : session_.start_ns + tick});
}

void Collector::run() {
  while (!finishing_.load(std::memory_order_acquire)) {
    if (step(session_.clock.now_ns()) >= rows_at_once) continue;
    const auto asleep_ns = monotonic_ns();
    std::this_thread::sleep_for(poll);
    if (noise_) noise_->overslept(monotonic_ns() - asleep_ns - std::chrono::nanoseconds(poll).count());
  }
}

size_t Collector::step(int64_t now_ns) {
  const auto rows = take_rows();
  follow(now_ns);
  if (now_ns >= next_expiry_ns_) {
    expire(now_ns);
    next_expiry_ns_ = now_ns + std::max<int64_t>(timeout_ns_ / 20, 10'000'000);
  }
  if (now_ns >= next_interval_ns_) {
    interval(now_ns);
    while (next_interval_ns_ <= now_ns) next_interval_ns_ += interval_ns_;
  }
  return rows;
}

size_t Collector::take_rows() {
  size_t total = 0;
  ended_.clear();
  session_.lanes->for_each([&](Lane& lane) {
    outcome_rows_.clear();
    done_rows_.clear();
    logged_rows_.clear();
    const auto& config = session_.config;
    const sage::Draw sample(config.load.seed, "request log");
    const auto n = lane.rows.peek(rows_at_once, [&](const DoneRow& done, const std::byte* result) {
      if ((done.flags & SAGE_REQUEST_WARMUP) == 0) observe(done);
      if (settles_) {
        outcome_rows_.push_back({done.row.seq,
                                 done.row.done_ns,
                                 done.row.begun_ns,
                                 done.row.digest,
                                 {done.result_size == 0 ? nullptr : result, done.result_size},
                                 done.row.outcome,
                                 done.units,
                                 done.row.node,
                                 done.flags});
        done_rows_.push_back(&done);
      }
      if (config.log_requests && (done.flags & SAGE_REQUEST_WARMUP) == 0 &&
          (config.log_sample >= 1 || sample.unit(done.row.seq) < config.log_sample))
        logged_rows_.push_back(done.row);
    });
    if (n == 0) return;
    if (!outcome_rows_.empty()) judge(outcome_rows_, done_rows_);
    if (!logged_rows_.empty())
      for (auto* writer : writers_) writer->take(std::span<const records::RequestRow>(logged_rows_));
    lane.rows.consumed();
    total += n;
  });
  over_time_.take(ended_, measured_offered());
  return total;
}

void Collector::observe(const DoneRow& done) {
  const auto& row = done.row;
  ended_.push_back({row.due_ns, row.done_ns, row.outcome == SAGE_OUTCOME_OK, done.good != 0});
  const auto stage = first_stage_[done.pipeline];
  if (row.begun_ns >= 0 && stage != no_stage) over_time_.begun({row.sent_ns, row.begun_ns, stage, done.priority});
}

uint64_t Collector::measured_offered() const {
  const auto warmup = feed_.warmup_offered.get();
  const auto offered = session_.offered.load(std::memory_order_relaxed);
  return offered > warmup ? offered - warmup : 0;  // the feed counts a batch's warm-up first
}

// After the rows that ended before: what began meanwhile, and the ticks that are due.
void Collector::follow(int64_t now_ns) {
  const auto at_ns = now_ns - session_.start_ns;
  const auto offered = measured_offered();
  for (const auto& event : events_.take_disturbing())
    over_time_.disturbed(event.id, static_cast<int64_t>(event.issued_s * 1e9), offered);
  if (feed_.ended()) over_time_.offering_ended();
  if (at_ns >= over_time_.next_ns()) over_time_.tick(at_ns, offered, session_.in_flight());
}

void Collector::judge(std::span<const sage_outcome> outcomes, std::span<const DoneRow* const> rows) {
  verdicts_.assign(outcomes.size(), SAGE_VERDICT_UNCHECKED);
  session_.workload.settle(outcomes, verdicts_);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (verdicts_[i] == SAGE_VERDICT_PASS) {
      ++passed_;
    } else if (verdicts_[i] == SAGE_VERDICT_WRONG) {
      ++wrong_;
      const auto& row = rows[i]->row;
      if ((rows[i]->flags & SAGE_REQUEST_WARMUP) == 0)
        ++wrong_by_cell_[session_.lanes->shape().cell(row.phase, row.class_id, row.tenant)];
    } else {
      ++unchecked_;
    }
  }
}

void Collector::expire(int64_t now_ns) {
  auto& lane = session_.lanes->mine();
  session_.slots->expire(now_ns - timeout_ns_, [&](Slot& slot, uint64_t) {
    session_.finish(lane, slot, metrics::Outcome::timeout, nullptr, now_ns);
  });
  lane.rows.commit();
  session_.feed_wake.notify();
}

void Collector::expire_all(int64_t now_ns) {
  auto& lane = session_.lanes->mine();
  session_.slots->expire(INT64_MAX, [&](Slot& slot, uint64_t) {
    session_.finish(lane, slot, metrics::Outcome::unfinished, nullptr, now_ns);
  });
  lane.rows.commit();
  if (noise_) {
    last_use_ = noise_->interval(warming_up());
    noise_record_ = noise_->conclude();
  }
}

bool Collector::warming_up() const {
  return session_.offered.load(std::memory_order_relaxed) <= session_.config.load.warmup_items;
}

void Collector::conclude(records::RunResult& result, int64_t now_ns) {
  while (take_rows() != 0) {
  }
  interval(now_ns);
  concluded_ns_ = now_ns;
  result.report = nlohmann::json::object();
  const auto verdict = session_.workload.conclude(result.report);
  // A workload that concludes nothing is judged by its rows alone.
  const auto rows_pass = passed_ != 0 && unchecked_ == 0;
  result.verdict = verdict == SAGE_VERDICT_WRONG || wrong_ != 0 ? "wrong"
                   : verdict == SAGE_VERDICT_PASS || rows_pass  ? "pass"
                                                                : "unchecked";
}

void Collector::fill(records::RunResult& result) {
  const auto& shape = session_.lanes->shape();
  std::vector<std::string> classes, tenants;
  for (const auto* c : session_.workload.classes) classes.emplace_back(sage::view(c->name));
  for (const auto* t : session_.workload.tenants) tenants.emplace_back(sage::view(t->name));
  result.cells.emplace(session_.phases.names(), classes, tenants);
  for (const auto* s : session_.workload.stages) result.stages.push_back({std::string(sage::view(s->name)), {}, {}});
  for (size_t p = 0; p < session_.phases.names().size(); ++p) {
    result.phase_windows.push_back({session_.phases.names()[p], session_.phases.seconds(p)});
    for (size_t c = 0; c < shape.classes; ++c)
      for (size_t t = 0; t < shape.tenants; ++t) {
        auto& cell = result.cells->at(p, c, t);
        session_.lanes->for_each([&](const Lane& lane) {
          if (const auto* counted = lane.peek(shape.cell(p, c, t))) counted->add_to(cell);
        });
        cell.wrong = wrong_by_cell_[shape.cell(p, c, t)];
      }
  }
  auto& ledger = result.ledger;
  ledger.offered = session_.offered.load();
  ledger.warmup = feed_.warmup_offered.get();
  session_.lanes->for_each([&](const Lane& lane) {
    for (size_t i = 0; i < metrics::outcome_count; ++i) ledger.outcomes[i] += lane.outcomes[i].get();
    ledger.duplicate += lane.duplicate.get();
    ledger.unexpected += lane.unexpected.get() + lane.after_close.get();
    ledger.late += lane.late.get();
    ledger.log_dropped += lane.rows_dropped.get();
    result.digested += lane.digested.get();
    result.digest ^= lane.digest.load(std::memory_order_relaxed);
    for (size_t s = 0; s < shape.stages; ++s) {
      lane.peek_stage(s).wait.add_to(result.stages[s].wait);
      lane.peek_stage(s).service.add_to(result.stages[s].service);
    }
  });
  ledger.wrong = wrong_;
  ledger.passed = passed_;
  ledger.unchecked = settles_ ? unchecked_ : ledger.offered;
  if (settles_) result.settle_dropped = ledger.log_dropped;
  feed_.lateness.add_to(result.lateness);
  result.blocked_ns = static_cast<uint64_t>(session_.blocked_ns.load());
  result.achieved_rate = feed_.mean_gap_s() > 0 ? 1 / feed_.mean_gap_s() : 0;
  result.achieved_cv = feed_.gap_cv();
  result.series = session_.series_summaries();
  result.noise = noise_record_ ? *noise_record_
                 : noise_      ? noise_->conclude()
                               : machine::unmeasured_noise("simulated time: nothing on this machine disturbs it");
  tell_events();
  result.events = events_.all();
  if (!session_.keep_rows)
    over_time_.unobserved("single requests were not looked at: the workload neither judges results nor has events");
  over_time_.conclude(result, concluded_ns_ - session_.start_ns, measured_offered(),
                      ledger.outcomes[static_cast<size_t>(metrics::Outcome::unfinished)] != 0);
}

}  // namespace host::engine
