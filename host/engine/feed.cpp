#include "engine/feed.hpp"

#include <fmt/format.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace host::engine {

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
      plan_(session) {}

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
    if (!batch_empty() || next == forever) {
      // The backend is full, or the closed loop is: a completion wakes us. One that slips in between the check and the
      // sleep (the completing side has no fence, to stay cheap) costs at most retry_ns.
      const auto limit = next == forever ? retry_ns : std::min(retry_ns, next - now);
      if (limit > 0)
        session_.feed_wake.wait(limit, [&] { return batch_empty() && plan_.row() != nullptr && may_issue_now(); });
    } else if (next > now) {
      wait_until(next, guard_ns_, sleep_max_ns);
    }
    step(session_.clock.now_ns());
  }
}

int64_t Feed::next_ns() {
  if (ended()) return forever;
  if (!plan_.paced()) end_if_time_is_up();
  const auto* row = plan_.row();
  const auto* event = plan_.event();
  const auto event_due = event == nullptr ? forever : session_.start_ns + event->due_ns;
  const auto now = session_.clock.now_ns();
  if (row == nullptr && batch_empty()) {
    // requests are over; events that are due within the window still happen
    const auto window_end = session_.window_end_ns.load(std::memory_order_relaxed);
    if (event == nullptr || event_due > window_end) {
      if (plan_.paced() && window_end != forever && window_end > now && !stopping()) return window_end;
      ended_.store(true, std::memory_order_release);
      return forever;
    }
  }
  auto next = forever;
  if (!batch_empty())
    next = now + retry_ns;
  else if (row != nullptr && plan_.paced())
    next = session_.start_ns + row->due_ns;
  else if (row != nullptr && may_issue_now())
    next = now;
  // Virtual time must pass for a slot to become free.
  if (no_slot_ && session_.clock.is_virtual() && next <= now) next = now + retry_ns;
  return std::min(next, event_due);
}

void Feed::step(int64_t now_ns) {
  for (;;) {
    if (!batch_empty()) offer(now_ns);
    if (!batch_empty()) return;
    if (!plan_.paced()) end_if_time_is_up();
    const auto* row = plan_.row();
    const auto* event = plan_.event();
    const auto event_due = event == nullptr ? forever : session_.start_ns + event->due_ns;
    const auto row_due = row == nullptr ? forever : plan_.paced() ? session_.start_ns + row->due_ns : now_ns;
    if (event_due <= now_ns && event_due <= row_due) {
      issue_event(*event, now_ns);
      plan_.take_event();
      continue;
    }
    if (row_due > now_ns || (!plan_.paced() && !may_issue_now())) return;
    if (!issue_batch(now_ns, event_due)) return;
    if (!session_.clock.is_virtual()) now_ns = session_.clock.now_ns();
    if (stopping()) return;
  }
}

uint64_t Feed::in_flight_limit() const { return plan_.offline() ? session_.slots->capacity() : load_.concurrency; }

bool Feed::may_issue_now() const {
  if (session_.in_flight() >= in_flight_limit()) return false;
  // Without a schedule to keep, the generator waits for its own record keeping instead of losing rows.
  bool room = true;
  session_.lanes->for_each([&](const Lane& lane) { room = room && lane.rows.fill() < 0.5; });
  return room;
}

// Without due times, a duration counts from the first measured request.
void Feed::end_if_time_is_up() {
  if (load_.duration_s <= 0 || window_begin_ns_ < 0 || plan_.row() == nullptr) return;
  const auto end = window_begin_ns_ + static_cast<int64_t>(load_.duration_s * 1e9);
  if (session_.clock.now_ns() - session_.start_ns >= end) plan_.cut(end);
}

void Feed::issue_event(const load::ControlEvent& event, int64_t now_ns) {
  records::EventRecord record;
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
bool Feed::admit(sage_request& row, bool burst, int64_t now_ns) {
  uint64_t id = 0;
  auto* slot = session_.slots->allocate(id);
  if (slot == nullptr) return false;
  if (load_.arrival == load::Arrival::closed) row.due_ns = now_ns - session_.start_ns;
  if (!marked_ && load_.arrival == load::Arrival::bursty && burst != burst_state_) {
    burst_state_ = burst;
    session_.phases.open(burst ? "burst" : "calm", row.due_ns);
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
  slot->priority.store(row.priority, relaxed);
  slot->sampled.store(warmup ? uint8_t{0} : session_.timeline.choose(row.seq - load_.warmup_items, row.seq), relaxed);
  SlotTable::publish(*slot, id);
  if (!warmup)
    session_.lanes->mine()
        .cell(session_.lanes->shape().cell(session_.phases.current(), row.class_id, row.tenant))
        .offered.add();
  return true;
}

bool Feed::issue_batch(int64_t now_ns, int64_t before_ns) {
  batch_begin_ = batch_end_ = 0;
  no_slot_ = false;
  size_t room = batch_size;
  if (!plan_.paced()) {
    const auto limit = in_flight_limit();
    const auto in_flight = session_.in_flight();
    room = in_flight >= limit ? 0 : static_cast<size_t>(std::min<uint64_t>(room, limit - in_flight));
  }
  while (batch_end_ < room) {
    const auto* planned = plan_.row();
    if (planned == nullptr) break;
    const auto due = session_.start_ns + planned->due_ns;
    if (plan_.paced() && (due > now_ns || due >= before_ns)) break;
    auto row = *planned;
    no_slot_ = !admit(row, plan_.row_in_burst(), now_ns);
    if (no_slot_) break;
    if (row.seq >= load_.warmup_items && plan_.paced()) lateness.record(now_ns - std::max(due, backend_free_ns_));
    if (row.seq < session_.parity.limit()) session_.parity.keep(*planned);
    batch_[batch_end_++] = row;
    plan_.take_row();
  }
  if (batch_empty()) return false;
  session_.offered.store(session_.offered.load(std::memory_order_relaxed) + batch_end_, std::memory_order_relaxed);
  session_.phase_name.store(session_.phases.current_name(), std::memory_order_relaxed);
  offer(now_ns);
  return batch_empty();
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
  const auto taken =
      batch_empty() ? 0 : session_.backend.submit({batch_.data() + batch_begin_, batch_end_ - batch_begin_});
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
  blocked_since_ns_ = batch_empty() ? 0 : backend_free_ns_;
}

void Feed::stop_offering() {
  auto& lane = session_.lanes->mine();
  for (auto i = batch_begin_; i < batch_end_; ++i) {
    Slot* slot = nullptr;
    if (session_.slots->claim(batch_[i].id, slot) != SlotTable::Claim::claimed) continue;
    session_.finish(lane, *slot, metrics::Outcome::cancelled, nullptr, session_.clock.now_ns());
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

}  // namespace host::engine
