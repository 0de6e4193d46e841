#include "engine/feed.hpp"

#include <fmt/format.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <cmath>

#include "error.hpp"

namespace host {

namespace {

constexpr int64_t sleep_max_ns = 50'000'000;  // so that a stop is noticed
constexpr int64_t retry_ns = 200'000;         // a refused row is offered again at least this often
constexpr int64_t forever = INT64_MAX;

const char* kind_name(uint32_t kind) {
  switch (kind) {
    case SAGE_EVENT_FAULT:
      return "fault";
    case SAGE_EVENT_HEAL:
      return "heal";
    case SAGE_EVENT_RECONFIGURE:
      return "reconfigure";
    default:
      return "mark";
  }
}

}  // namespace

Feed::Feed(Session& session, EventLog& events, int64_t guard_ns, const std::atomic<int>& stop)
    : session_(session),
      events_(events),
      load_(session.config.load),
      guard_ns_(guard_ns),
      stop_(stop),
      arrivals_(load_.arrival == Arrival::closed ? nullptr : make_arrivals(load_)),
      offline_(load_.arrival == Arrival::offline) {}

void Feed::run() {
  sharpen_timers();
  while (!ended()) {
    if (stopping()) {
      stop_offering();
      return;
    }
    const auto next = next_ns();
    if (ended()) return;
    const auto now = session_.clock.now_ns();
    if (batch_begin_ != batch_end_ || next == forever) {
      // the backend is full, or the closed loop is: a completion wakes us
      if (next == forever || next > now)
        session_.feed_wake.wait(std::min(retry_ns, next == forever ? retry_ns : next - now), [] { return false; });
    } else if (next > now) {
      wait_until(next, guard_ns_, sleep_max_ns);
    }
    step(session_.clock.now_ns());
  }
}

int64_t Feed::next_ns() {
  if (ended()) return forever;
  if (!open_loop()) end_if_time_is_up();
  if (next_ == planned_ && !schedule_over_) fill_block();
  if (next_ == planned_ && batch_begin_ == batch_end_) {
    // requests are over; events that are due within the window still happen
    const auto window_end = session_.window_end_ns.load(std::memory_order_relaxed);
    if (pending_events_.empty() || session_.start_ns + pending_events_.front().due_ns > window_end) {
      if (open_loop() && window_end != forever && window_end > session_.clock.now_ns() && !stopping())
        return window_end;
      ended_.store(true, std::memory_order_release);
      return forever;
    }
  }
  auto next = forever;
  if (batch_begin_ != batch_end_) next = session_.clock.now_ns() + retry_ns;
  if (next_ < planned_ && batch_begin_ == batch_end_) {
    if (arrivals_ == nullptr || offline_)
      next = may_issue_now() ? session_.clock.now_ns() : forever;
    else
      next = session_.start_ns + row_due_ns();
  }
  if (!pending_events_.empty()) next = std::min(next, session_.start_ns + pending_events_.front().due_ns);
  return next;
}

void Feed::step(int64_t now_ns) {
  for (;;) {
    if (batch_begin_ != batch_end_) {
      offer(now_ns);
      if (batch_begin_ != batch_end_) return;
    }
    if (next_ == planned_ && !schedule_over_) fill_block();
    const auto event_due = pending_events_.empty() ? forever : session_.start_ns + pending_events_.front().due_ns;
    const auto closed = arrivals_ == nullptr || offline_;
    const auto row_due = next_ == planned_ ? forever : closed ? now_ns : session_.start_ns + row_due_ns();
    if (event_due <= now_ns && event_due <= row_due) {
      const auto event = std::move(pending_events_.front());
      pending_events_.pop_front();
      issue_event(event, now_ns);
      continue;
    }
    if (closed) end_if_time_is_up();
    if (row_due > now_ns || (closed && (next_ == planned_ || !may_issue_now()))) return;
    if (!issue_batch(now_ns, event_due)) return;
    if (!session_.clock.is_virtual()) now_ns = session_.clock.now_ns();
    if (stopping()) return;
  }
}

bool Feed::may_issue_now() {
  const auto limit = offline_ ? session_.slots->capacity() : load_.concurrency;
  if (session_.in_flight() >= limit) return false;
  // Without a schedule to keep, the generator waits for its own record keeping instead of losing rows.
  if (!session_.keep_rows.load(std::memory_order_relaxed)) return true;
  bool room = true;
  session_.lanes->for_each([&](const Lane& lane) { room = room && lane.rows.fill() < 0.5; });
  return room;
}

void Feed::fill_block() {
  next_ = 0;
  planned_ = 0;
  const auto counted = load_.total_requests != 0;
  const auto limit = counted ? load_.warmup_items + load_.total_requests : UINT64_MAX;
  const auto wanted = static_cast<size_t>(std::min<uint64_t>(block_size, limit - next_seq_));
  if (wanted == 0) {
    end_schedule(forever);
    return;
  }
  std::array<Due, block_size> dues{};
  const auto drawn = arrivals_ == nullptr ? wanted : arrivals_->next(dues.data(), wanted);
  for (size_t i = 0; i < drawn; ++i) {
    auto& row = rows_[i];
    row = {};
    row.seq = next_seq_ + i;
    row.due_ns = dues[i].at_ns;
    row.key = dues[i].key;
    row.units_in = dues[i].units_in;
    row.units_out = dues[i].units_out;
    burst_[i] = dues[i].burst;
  }
  const auto filled = drawn == 0 ? 0 : session_.workload.plan({rows_.data(), drawn});
  planned_ = filled;
  next_seq_ += filled;
  int64_t previous = last_due_ns_;
  for (size_t i = 0; i < filled; ++i) {
    check_row(rows_[i]);
    if (arrivals_ != nullptr && rows_[i].due_ns < previous)
      throw Error(Exit::failed, fmt::format("the workload's due times decrease at request {}", rows_[i].seq));
    previous = rows_[i].due_ns;
    if (rows_[i].seq == load_.warmup_items) planned_begin_ns_ = rows_[i].due_ns;
    if (rows_[i].seq == load_.warmup_items && load_.duration_s > 0 && open_loop())
      session_.window_end_ns.store(session_.start_ns + rows_[i].due_ns + static_cast<int64_t>(load_.duration_s * 1e9),
                                   std::memory_order_relaxed);
  }
  pull_events(filled == 0 ? previous : rows_[filled - 1].due_ns);
  // bounded by time: what is due at or after the end is not offered
  const auto window_end = session_.window_end_ns.load(std::memory_order_relaxed);
  if (load_.duration_s > 0 && open_loop() && window_end != forever) {
    const auto end = window_end - session_.start_ns;
    const auto cut = std::find_if(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(filled),
                                  [&](const sage_request& row) { return row.due_ns >= end; });
    planned_ = static_cast<size_t>(cut - rows_.begin());
    if (planned_ < filled) {
      next_seq_ -= filled - planned_;
      end_schedule(end);
      return;
    }
  }
  if (filled == wanted && next_seq_ != limit) return;
  // The window ends where the next request would have come, so that it holds exactly the offered ones.
  Due after{};
  if (filled == wanted && open_loop() && arrivals_->next(&after, 1) == 1) {
    end_schedule(after.at_ns);
    return;
  }
  const auto measured = next_seq_ > load_.warmup_items ? next_seq_ - load_.warmup_items : 0;
  const auto gap = measured < 2 ? 0 : (previous - planned_begin_ns_) / static_cast<int64_t>(measured - 1);
  end_schedule(open_loop() ? previous + gap : forever);
}

// Without due times, a duration counts from the first measured request.
void Feed::end_if_time_is_up() {
  if (load_.duration_s <= 0 || window_begin_ns_ < 0 || (schedule_over_ && next_ == planned_)) return;
  const auto end = window_begin_ns_ + static_cast<int64_t>(load_.duration_s * 1e9);
  if (session_.clock.now_ns() - session_.start_ns < end) return;
  next_ = planned_;
  end_schedule(end);
}

void Feed::end_schedule(int64_t window_end_ns) {
  schedule_over_ = true;
  if (window_end_ns != forever)
    session_.window_end_ns.store(session_.start_ns + std::max<int64_t>(window_end_ns, 0), std::memory_order_relaxed);
}

void Feed::check_row(const sage_request& row) const {
  const auto& w = session_.workload;
  if (row.pipeline >= w.pipelines.size() || row.class_id >= w.classes.size() || row.tenant >= w.tenants.size())
    throw Error(
        Exit::failed,
        fmt::format("the workload planned request {} with pipeline {} of {}, class {} of {}, tenant {} of {}", row.seq,
                    row.pipeline, w.pipelines.size(), row.class_id, w.classes.size(), row.tenant, w.tenants.size()));
}

void Feed::pull_events(int64_t until_ns) {
  std::array<sage_event, 64> rows{};
  for (;;) {
    const auto n = session_.workload.events(until_ns, rows);
    for (size_t i = 0; i < n; ++i)
      pending_events_.push_back({rows[i].kind, rows[i].due_ns, std::string(sage::view(rows[i].target)),
                                 std::string(sage::view(rows[i].args))});
    if (n < rows.size()) return;
  }
}

void Feed::issue_event(const ControlEvent& event, int64_t now_ns) {
  EventRecord record;
  record.id = next_event_id_++;
  record.kind = kind_name(event.kind);
  record.target = event.target;
  record.args = nlohmann::json::parse(event.args.empty() ? "{}" : event.args, nullptr, false);
  record.due_s = static_cast<double>(event.due_ns) / 1e9;
  record.issued_s = static_cast<double>(now_ns - session_.start_ns) / 1e9;
  record.status = "issued";
  if (event.kind == SAGE_EVENT_MARK) {
    marked_ = true;
    session_.phases.open(event.target, event.due_ns);
    record.status = "done";
    events_.issued(std::move(record));
    return;
  }
  const auto id = record.id;
  events_.issued(std::move(record));
  const sage_event row{sizeof(sage_event),      event.kind,           id, session_.start_ns + event.due_ns,
                       sage::str(event.target), sage::str(event.args)};
  const auto status = session_.backend.control(row);
  if (status != SAGE_OK) {
    const auto text = take_failure_text();
    session_.services()->event_done(session_.services()->ctx, id, status, sage::str(text));
  }
}

// A slot for the row. False when the table is full.
bool Feed::admit(sage_request& row, uint8_t burst, int64_t now_ns) {
  uint64_t id = 0;
  auto* slot = session_.slots->allocate(id);
  if (slot == nullptr) return false;
  if (arrivals_ == nullptr) row.due_ns = now_ns - session_.start_ns;
  if (!marked_ && load_.arrival == Arrival::bursty && burst != burst_state_) {
    burst_state_ = burst;
    session_.phases.open(burst != 0 ? "burst" : "calm", row.due_ns);
  }
  const auto warmup = row.seq < load_.warmup_items;
  if (warmup) {
    row.flags = static_cast<uint8_t>(row.flags | SAGE_REQUEST_WARMUP);
    warmup_offered.add();
  } else {
    if (window_begin_ns_ < 0) {
      window_begin_ns_ = row.due_ns;
      session_.phases.begin_window(row.due_ns);
    }
    note_gap(row.due_ns);
  }
  last_due_ns_ = row.due_ns;
  row.id = id;
  row.due_ns += session_.start_ns;
  constexpr auto relaxed = std::memory_order_relaxed;
  slot->due_ns.store(row.due_ns, relaxed);
  slot->sent_ns.store(now_ns, relaxed);
  slot->first_ns.store(0, relaxed);
  slot->chunk_ns.store(0, relaxed);
  slot->chunk_units.store(0, relaxed);
  slot->seq.store(row.seq, relaxed);
  slot->class_id.store(row.class_id, relaxed);
  slot->tenant.store(row.tenant, relaxed);
  slot->pipeline.store(row.pipeline, relaxed);
  slot->phase.store(session_.phases.use(), relaxed);
  slot->flags.store(row.flags, relaxed);
  SlotTable::publish(*slot, id);
  if (!warmup)
    session_.lanes->mine()
        .cell(session_.lanes->shape().cell(session_.phases.current(), row.class_id, row.tenant))
        .offered.add();
  return true;
}

bool Feed::issue_batch(int64_t now_ns, int64_t before_ns) {
  batch_begin_ = batch_end_ = 0;
  const auto closed = arrivals_ == nullptr || offline_;
  size_t room = batch_size;
  if (closed) {
    const auto limit = offline_ ? session_.slots->capacity() : load_.concurrency;
    const auto in_flight = session_.in_flight();
    room = in_flight >= limit ? 0 : static_cast<size_t>(std::min<uint64_t>(room, limit - in_flight));
  }
  while (batch_end_ < room && next_ < planned_) {
    auto row = rows_[next_];
    const auto due = session_.start_ns + row.due_ns;
    if (!closed && (due > now_ns || due >= before_ns)) break;
    if (!admit(row, burst_[next_], now_ns)) break;
    if (row.seq >= load_.warmup_items && !closed) lateness.record(now_ns - std::max(row.due_ns, backend_free_ns_));
    batch_[batch_end_++] = row;
    ++next_;
  }
  if (batch_end_ == 0) return false;
  session_.offered.store(session_.offered.load(std::memory_order_relaxed) + batch_end_, std::memory_order_relaxed);
  session_.phase_name.store(session_.phases.current_name(), std::memory_order_relaxed);
  offer(now_ns);
  return batch_begin_ == batch_end_;
}

// Rows that were refused before: one that timed out meanwhile is not offered any more, the others are sent now.
void Feed::renew_batch(int64_t now_ns) {
  auto kept = batch_begin_;
  for (auto i = batch_begin_; i < batch_end_; ++i) {
    auto* slot = session_.slots->find(batch_[i].id);
    if (slot == nullptr) continue;
    slot->sent_ns.store(now_ns, std::memory_order_relaxed);
    batch_[kept++] = batch_[i];
  }
  batch_end_ = kept;
}

void Feed::offer(int64_t now_ns) {
  constexpr auto relaxed = std::memory_order_relaxed;
  if (blocked_since_ns_ != 0) renew_batch(now_ns);
  const auto taken = batch_begin_ == batch_end_
                         ? 0
                         : session_.backend.submit({batch_.data() + batch_begin_, batch_end_ - batch_begin_});
  auto& lane = session_.lanes->mine();
  const auto& shape = session_.lanes->shape();
  // the phase at issue; a row that was refused across a change of phase is counted where it was accepted
  const auto phase = session_.phases.current();
  for (auto i = batch_begin_; i < batch_begin_ + taken; ++i) {
    const auto& row = batch_[i];
    if ((row.flags & SAGE_REQUEST_WARMUP) == 0)
      lane.cell(shape.cell(phase, row.class_id, row.tenant)).dispatch.record(now_ns - row.due_ns);
  }
  batch_begin_ += taken;
  backend_free_ns_ = session_.clock.now_ns();
  if (blocked_since_ns_ != 0)
    session_.blocked_ns.store(session_.blocked_ns.load(relaxed) + backend_free_ns_ - blocked_since_ns_, relaxed);
  blocked_since_ns_ = batch_begin_ == batch_end_ ? 0 : backend_free_ns_;
}

void Feed::stop_offering() {
  auto& lane = session_.lanes->mine();
  for (auto i = batch_begin_; i < batch_end_; ++i) {
    Slot* slot = nullptr;
    if (session_.slots->claim(batch_[i].id, slot) != SlotTable::Claim::claimed) continue;
    session_.finish(lane, *slot, Outcome::cancelled, nullptr, session_.clock.now_ns());
    SlotTable::release(*slot);
  }
  lane.rows.commit();
  batch_begin_ = batch_end_ = 0;
  const auto now = session_.clock.now_ns();
  if (session_.window_end_ns.load(std::memory_order_relaxed) > now && open_loop())
    session_.window_end_ns.store(now, std::memory_order_relaxed);
  ended_.store(true, std::memory_order_release);
}

void Feed::note_gap(int64_t due_ns) {
  if (window_begin_ns_ != due_ns || gaps_ != 0) {
    const auto gap = static_cast<double>(due_ns - last_due_ns_);
    gap_sum_ += gap;
    gap_square_sum_ += gap * gap;
    ++gaps_;
  }
}

double Feed::mean_gap_s() const { return gaps_ == 0 ? 0 : gap_sum_ / static_cast<double>(gaps_) / 1e9; }

double Feed::gap_cv() const {
  if (gaps_ < 3 || gap_sum_ <= 0) return -1;
  const auto mean = gap_sum_ / static_cast<double>(gaps_);
  const auto variance = gap_square_sum_ / static_cast<double>(gaps_) - mean * mean;
  return std::sqrt(std::max(0.0, variance)) / mean;
}

nlohmann::json Feed::arrival_notes() const {
  return arrivals_ == nullptr ? nlohmann::json::object() : arrivals_->notes();
}

}  // namespace host
