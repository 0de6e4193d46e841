#include "engine/collector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>
#include <utility>

#include "base/error.hpp"

namespace host::engine {

namespace {
constexpr size_t batch_max = 512;  // rows judged or logged at once: what is made of them stays in the first cache
constexpr size_t rows_at_once = 4096;
constexpr auto poll = std::chrono::milliseconds(2);
}  // namespace

Collector::Collector(Session& session, Feed& feed, std::span<records::Writer* const> writers, CallWatch* watch)
    : session_(session),
      ledger_(*session.ledger),
      feed_(feed),
      writers_(writers.begin(), writers.end()),
      intervals_(session, feed, watch),
      harness_(session),
      timeout_ns_(static_cast<int64_t>(session.config.load.timeout_s * 1e9)),
      settles_(session.workload.settles()),
      releases_(session.workload.releases()),
      log_draw_(session.config.load.seed, "request log"),
      next_expiry_ns_(ledger_.start_ns + timeout_ns_),
      over_time_(session.config.hold_window_s),
      wrong_by_cell_(ledger_.lanes.shape().cells()) {
  for (const auto* pipeline : session.workload.pipelines) {
    const auto stage = pipeline->steps[0]->stage;
    const bool keyed = session.workload.stages[stage]->key_by != SAGE_KEY_NONE;
    first_stage_.push_back(keyed ? no_stage : static_cast<uint16_t>(stage));
  }
}

int64_t Collector::next_ns() const {
  const auto tick = over_time_.next_ns();
  return std::min({intervals_.next_ns(), next_expiry_ns_, tick == INT64_MAX ? tick : ledger_.start_ns + tick});
}

void Collector::run() {
  while (!finishing_.exchange(false, std::memory_order_acquire)) {
    if (step(session_.clock.now_ns()) >= rows_at_once) continue;
    // By a clock that does not stop while the machine sleeps.
    const auto due_ns = base::boot_ns() + std::chrono::nanoseconds(poll).count();
    std::this_thread::sleep_for(poll);
    const auto late_ns = base::boot_ns() - due_ns;
    const auto now_ns = monotonic_ns();
    intervals_.woke(now_ns - late_ns, now_ns);
  }
}

size_t Collector::step(int64_t now_ns) {
  harness_.step();
  const auto rows = take_rows();
  follow(now_ns);
  if (now_ns >= next_expiry_ns_) {
    ledger_.expire(now_ns - timeout_ns_, metrics::Outcome::timeout, now_ns, [this] { take_rows(); });
    next_expiry_ns_ = now_ns + std::max<int64_t>(timeout_ns_ / 20, 10'000'000);
  }
  if (now_ns >= intervals_.next_ns() || intervals_.cut_short()) end_interval(now_ns);
  tell_judge_error();
  session_.services.check();
  return rows;
}

// At most rows_at_once of each lane, so that none has to wait for long.
size_t Collector::take_rows() {
  size_t total = 0;
  ledger_.lanes.for_each([&](Lane& lane) {
    size_t taken = 0;
    for (size_t n = batch_max; n == batch_max && taken < rows_at_once; taken += n) n = take_batch(lane);
    total += taken;
  });
  over_time_.end_round();
  return total;
}

[[gnu::always_inline]] inline void Collector::observe(const DoneRow& done, uint64_t offered) {
  over_time_.take({done.due_ns, done.done_ns, done.outcome == SAGE_OUTCOME_OK, done.good}, offered);
  const auto stage = first_stage_[done.pipeline];
  if (done.begun_ns >= 0 && stage != no_stage) over_time_.begun({done.sent_ns, done.begun_ns, stage, done.priority});
}

size_t Collector::take_batch(Lane& lane) {
  outcomes_.clear();
  judged_rows_.clear();
  logged_.clear();
  const auto offered = measured_offered();
  const bool logs = session_.config.log_requests;
  const auto share = session_.config.log_sample;
  const auto n =
      lane.rows.peek(batch_max, [&](const DoneRow& done, int64_t first_ns, std::span<const std::byte> result) {
        const bool measured = (done.flags & SAGE_REQUEST_WARMUP) == 0;
        if (measured) observe(done, offered);
        if (releases_ && (done.flags & DoneRow::given_up) == 0) released_.push_back(done.seq);
        if (settles_) {
          outcomes_.push_back({.seq = done.seq,
                               .at_ns = done.done_ns,
                               .begun_ns = done.begun_ns,
                               .digest = done.digest,
                               .result = {result.empty() ? nullptr : result.data(), result.size()},
                               .outcome = done.outcome,
                               .units = done.units,
                               .node = done.node,
                               .flags = done.flags & (SAGE_REQUEST_WARMUP | SAGE_OUTCOME_LEFT_OUT),
                               .first_ns = first_ns,
                               .reserved = {}});
          judged_rows_.push_back(&done);
        }
        if (logs && (share >= 1 || log_draw_.unit(done.seq) < share)) logged_.push_back(request_row(done, first_ns));
      });
  if (n == 0) return 0;
  if (settles_) judge();
  if (releases_) release();
  if (!logged_.empty())
    for (auto* writer : writers_) writer->take(std::span<const records::RequestRow>(logged_));
  lane.rows.consumed();
  return n;
}

void Collector::release() {
  try {
    if (!released_.empty()) session_.workload.release(released_);
  } catch (...) {
    releases_ = false;
    judge_error_ = std::current_exception();
  }
  released_.clear();
}

uint64_t Collector::measured_offered() const {
  const auto warmup = feed_.warmup_offered.get();
  const auto offered = ledger_.offered();
  return offered > warmup ? offered - warmup : 0;  // the feed counts a batch's warm-up first
}

// After the rows that ended before: what began meanwhile, and the ticks that are due.
void Collector::follow(int64_t now_ns) {
  const auto at_ns = now_ns - ledger_.start_ns;
  const auto offered = measured_offered();
  for (const auto& event : session_.events.take_disturbing())
    over_time_.disturbed(event.id, static_cast<int64_t>(event.issued_s * 1e9), offered);
  if (feed_.ended()) over_time_.offering_ended();
  if (at_ns >= over_time_.next_ns()) over_time_.tick(at_ns, offered, ledger_.in_flight());
}

void Collector::judge() {
  verdicts_.assign(outcomes_.size(), SAGE_VERDICT_UNCHECKED);
  try {
    if (judging_) session_.workload.settle(outcomes_, verdicts_);
  } catch (...) {
    judging_ = false;
    judge_error_ = std::current_exception();
    verdicts_.assign(outcomes_.size(), SAGE_VERDICT_UNCHECKED);
  }
  for (size_t i = 0; i < outcomes_.size(); ++i) {
    if (verdicts_[i] == SAGE_VERDICT_PASS) {
      ++passed_;
    } else if (verdicts_[i] == SAGE_VERDICT_WRONG) {
      ++wrong_;
      const auto& row = *judged_rows_[i];
      if ((row.flags & SAGE_REQUEST_WARMUP) == 0)
        ++wrong_by_cell_[ledger_.lanes.shape().cell(row.phase, row.class_id, row.tenant)];
    } else if (verdicts_[i] == SAGE_VERDICT_UNCHECKED) {
      ++unchecked_;
    } else {
      judge_error_ = std::make_exception_ptr(base::Error(
          base::Exit::failed, fmt::format("the workload's verdict on request {} is {}; 0 (unchecked), 1 (pass) and 2 "
                                          "(wrong) are possible",
                                          judged_rows_[i]->seq, verdicts_[i])));
      ++unchecked_;
    }
  }
}

// When the books are in order.
void Collector::tell_judge_error() {
  if (judge_error_) std::rethrow_exception(std::exchange(judge_error_, nullptr));
}

void Collector::end_interval(int64_t now_ns) {
  const auto record = intervals_.take(now_ns);
  if (!record.warmup) over_time_.memory(record.end_s, record.resident_bytes);
  tell_events();
  for (auto* writer : writers_) writer->take(record);
}

void Collector::tell_events() {
  for (const auto& event : session_.events.take_changed())
    for (auto* writer : writers_) writer->take(event);
}

void Collector::expire_all(int64_t now_ns) {
  ledger_.expire(INT64_MAX, metrics::Outcome::unfinished, now_ns, [this] { take_rows(); });
  intervals_.end_of_load();
}

void Collector::conclude(records::RunResult& result, int64_t now_ns) {
  while (take_rows() != 0) {
  }
  end_interval(now_ns);
  concluded_ns_ = now_ns;
  result.report = nlohmann::json::object();
  result.verdict = wrong_ != 0 ? "wrong" : "unchecked";
  tell_judge_error();
  session_.services.check();
  if (!judging_) return;
  const auto verdict = session_.workload.conclude(result.report);
  // A workload that concludes nothing is judged by its rows alone.
  const auto rows_pass = passed_ != 0 && unchecked_ == 0;
  result.verdict = verdict == SAGE_VERDICT_WRONG || wrong_ != 0 ? "wrong"
                   : verdict == SAGE_VERDICT_PASS || rows_pass  ? "pass"
                                                                : "unchecked";
}

void Collector::fill_so_far(records::RunResult& result) {
  while (take_rows() != 0) {
  }
  result.verdict = wrong_ != 0 ? "wrong" : "unchecked";
  fill_counts(result);
  auto& outcomes = result.ledger.outcomes;
  const auto ended = std::accumulate(outcomes.begin(), outcomes.end(), uint64_t{0});
  outcomes[static_cast<size_t>(metrics::Outcome::unfinished)] +=
      result.ledger.offered - std::min(ended, result.ledger.offered);
}

void Collector::fill(records::RunResult& result) {
  fill_counts(result);
  if (!ledger_.keep_rows)
    over_time_.unobserved("single requests were not looked at: the workload neither judges results nor has events");
  over_time_.conclude(result, concluded_ns_ - ledger_.start_ns, measured_offered(),
                      result.ledger.outcomes[static_cast<size_t>(metrics::Outcome::unfinished)] != 0);
}

void Collector::fill_counts(records::RunResult& result) {
  fill_cells(result);
  fill_ledger(result);
  fill_nodes(result);
  feed_.lateness.add_to(result.lateness);
  result.submit = feed_.submit_calls();
  result.blocked_ns = static_cast<uint64_t>(session_.blocked_ns.load());
  result.achieved_rate = feed_.mean_gap_s() > 0 ? 1 / feed_.mean_gap_s() : 0;
  result.achieved_cv = feed_.gap_cv();
  result.series = session_.services.series();
  result.failures = session_.services.failures();
  result.noise = intervals_.noise();
  result.harness_share = harness_.record();
  tell_events();
  result.events = session_.events.all();
}

void Collector::fill_cells(records::RunResult& result) const {
  const auto& shape = ledger_.lanes.shape();
  std::vector<std::string> classes, tenants;
  for (const auto* c : session_.workload.classes) classes.emplace_back(sage::view(c->name));
  for (const auto* t : session_.workload.tenants) tenants.emplace_back(sage::view(t->name));
  result.cells.emplace(session_.phases.names(), classes, tenants);
  for (size_t p = 0; p < session_.phases.names().size(); ++p) {
    result.phase_windows.push_back({session_.phases.names()[p], session_.phases.seconds(p)});
    for (size_t c = 0; c < shape.classes; ++c)
      for (size_t t = 0; t < shape.tenants; ++t) {
        auto& cell = result.cells->at(p, c, t);
        ledger_.lanes.for_each([&](const Lane& lane) {
          if (const auto* counted = lane.peek(shape.cell(p, c, t))) counted->add_to(cell);
        });
        cell.wrong = wrong_by_cell_[shape.cell(p, c, t)];
      }
  }
}

void Collector::fill_ledger(records::RunResult& result) const {
  for (const auto* s : session_.workload.stages) result.stages.push_back({std::string(sage::view(s->name)), {}, {}});
  auto& counts = result.ledger;
  counts.offered = ledger_.offered();
  counts.warmup = feed_.warmup_offered.get();
  ledger_.lanes.for_each([&](const Lane& lane) {
    for (size_t i = 0; i < metrics::outcome_count; ++i) counts.outcomes[i] += lane.outcomes[i].get();
    counts.duplicate += lane.duplicate.get();
    counts.unexpected += lane.unexpected.get() + lane.after_close.get();
    counts.late += lane.late.get();
    counts.late_chunks += lane.late_chunks.get();
    counts.bad_stamps += lane.bad_stamps.get();
    counts.unknown += lane.unknown.get();
    counts.bad_spans += lane.bad_spans.get();
    counts.log_dropped += lane.rows_dropped.get();
    counts.results_left_out += lane.results_left_out.get();
    result.digested += lane.digested.get();
    result.digest ^= lane.digest.load(std::memory_order_relaxed);
    for (size_t s = 0; s < result.stages.size(); ++s) {
      lane.peek_stage(s).wait.add_to(result.stages[s].wait);
      lane.peek_stage(s).service.add_to(result.stages[s].service);
    }
  });
  counts.wrong = wrong_;
  counts.passed = passed_;
  counts.unchecked = settles_ ? unchecked_ : counts.offered;
  if (settles_) result.settle_dropped = counts.log_dropped;
}

// Beside what the backend said of them.
void Collector::fill_nodes(records::RunResult& result) const {
  std::vector<records::NodeWork> nodes(ledger_.nodes.load());
  uint64_t total = 0;
  for (uint32_t n = 0; n < nodes.size(); ++n) {
    nodes[n].node = n;
    ledger_.lanes.for_each([&](const Lane& lane) { nodes[n].requests += lane.served.get(n); });
    total += nodes[n].requests;
  }
  if (total != 0)
    for (auto& node : nodes) node.share = static_cast<double>(node.requests) / static_cast<double>(total);
  for (const auto& told : result.nodes) {
    if (told.node >= nodes.size()) continue;
    nodes[told.node].busy_s = told.busy_s;
    nodes[told.node].capacity = told.capacity;
  }
  std::erase_if(nodes, [&](const auto& node) {  // one that was to be added, and did not come
    return node.node >= session_.asked_nodes() && node.requests == 0 && !node.busy_s;
  });
  result.nodes = std::move(nodes);
}

}  // namespace host::engine
