#include "engine/feed.hpp"

#include <fmt/format.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/json_text.hpp"

namespace host::engine {

namespace {

constexpr int64_t sleep_max_ns = 50'000'000;  // so that a stop is noticed
constexpr int64_t retry_ns = 200'000;         // a full backend is asked again at least this often
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

Feed::Feed(Session& session, int64_t guard_ns, const std::atomic<int>& stop)
    : session_(session),
      ledger_(*session.ledger),
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
    auto awake_by = now;
    if (next > now && (!batch_empty() || (plan_.row() != nullptr && !plan_.paced()))) {
      // The closed loop is full: a completion wakes us. Or the backend is, or our own record keeping: nobody says when
      // they are not any more.
      const auto longest = batch_empty() && !rings_full_ ? sleep_max_ns : retry_ns;
      const auto limit = std::min(longest, next - now);
      ledger_.progress.wait(
          limit, [&] { return batch_empty() ? plan_.row() != nullptr && room() != 0 : ledger_.take_backend_ready(); });
      awake_by += limit;
    } else if (next > now) {
      wait_until(next, guard_ns_, sleep_max_ns);
      awake_by = std::min(next, now + sleep_max_ns);
    }
    const auto awake = session_.clock.now_ns();
    host_gaps_.woke(awake_by, awake);
    step(awake);
  }
}

int64_t Feed::next_ns() {
  if (ended()) return forever;
  if (!plan_.paced()) end_if_time_is_up();
  const auto* row = plan_.row();
  const auto* event = plan_.event();
  const auto event_due = event == nullptr ? forever : ledger_.start_ns + event->due_ns;
  const auto now = session_.clock.now_ns();
  if (row == nullptr && batch_empty()) {
    // requests are over; events that are due within the window still happen
    const auto window_end = ledger_.window_end_ns.load(std::memory_order_relaxed);
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
    next = ledger_.start_ns + row->due_ns;
  else if (row != nullptr && room() != 0)
    next = now;
  // Virtual time must pass for a slot to become free.
  if (no_slot_ && session_.clock.is_virtual() && next <= now) next = now + retry_ns;
  return std::min(next, event_due);
}

void Feed::step(int64_t now_ns) {
  if (ledger_.any_given_up()) [[unlikely]]
    session_.backend.cancel(ledger_.take_given_up());
  for (;;) {
    if (!batch_empty()) offer(now_ns);
    if (!batch_empty()) return;
    if (!plan_.paced()) end_if_time_is_up();
    const auto* row = plan_.row();
    const auto* event = plan_.event();
    const auto event_due = event == nullptr ? forever : ledger_.start_ns + event->due_ns;
    const auto row_due = row == nullptr ? forever : plan_.paced() ? ledger_.start_ns + row->due_ns : now_ns;
    if (event_due <= now_ns && event_due <= row_due) {
      issue_event(*event, now_ns);
      plan_.take_event();
      continue;
    }
    if (row_due > now_ns || (!plan_.paced() && room() == 0)) return;
    if (!issue_batch(now_ns, event_due)) return;
    if (!session_.clock.is_virtual()) now_ns = session_.clock.now_ns();
    if (stopping()) return;
  }
}

uint64_t Feed::in_flight_limit() const { return plan_.offline() ? ledger_.slots.capacity() : load_.concurrency; }

// For how many more requests, up to a batch, there is room where no due times say when.
size_t Feed::room() {
  // Without a schedule to keep, the generator waits for its own record keeping instead of losing rows. A ring holds
  // many more than are issued between two looks.
  constexpr uint64_t rows_between_looks = 1024;
  if (rings_full_ || ledger_.offered() - rings_checked_ >= rows_between_looks) {
    rings_checked_ = ledger_.offered();
    rings_full_ = false;
    ledger_.lanes.for_each([&](const Lane& lane) { rings_full_ = rings_full_ || lane.rows.fill() >= 0.5; });
  }
  return rings_full_ ? 0 : static_cast<size_t>(ledger_.room(in_flight_limit(), batch_size));
}

// Without due times, a duration counts from the first measured request.
void Feed::end_if_time_is_up() {
  if (load_.duration_s <= 0 || window_begin_ns_ < 0 || plan_.row() == nullptr) return;
  const auto end = window_begin_ns_ + static_cast<int64_t>(load_.duration_s * 1e9);
  if (session_.clock.now_ns() - ledger_.start_ns >= end) plan_.cut(end);
}

void Feed::issue_event(const ControlEvent& event, int64_t now_ns) {
  records::EventRecord record;
  record.id = next_event_id_++;
  record.kind = kind_name(event.kind);
  record.target = event.target;
  record.args = base::parse_json(event.args.empty() ? "{}" : event.args);
  record.due_s = static_cast<double>(event.due_ns) / 1e9;
  record.issued_s = static_cast<double>(now_ns - ledger_.start_ns) / 1e9;
  record.status = "issued";
  if (event.kind == SAGE_EVENT_MARK) {
    marked_ = true;
    session_.phases.open(event.target, event.due_ns);
    record.status = "done";
    session_.events.issued(std::move(record));
    return;
  }
  const auto id = record.id;
  session_.events.issued(std::move(record));
  if (event.kind == SAGE_EVENT_RECONFIGURE && event.target == "add-node") ledger_.nodes.fetch_add(1);
  const sage_event row{.id = id,
                       .due_ns = ledger_.start_ns + event.due_ns,
                       .target = sage::str(event.target),
                       .args = sage::str(event.args),
                       .kind = event.kind,
                       .reserved0 = 0,
                       .reserved = 0};
  const auto status = session_.backend.control(row);
  if (status != SAGE_OK)
    session_.events.refused(id, static_cast<double>(session_.clock.now_ns() - ledger_.start_ns) / 1e9,
                            take_failure_text());
}

// The row enters the schedule: its due time, phase and part (warm-up or measured).
[[gnu::always_inline]] inline void Feed::enter(sage_request& row, bool burst, int64_t now_ns) {
  if (load_.arrival == load::Arrival::closed) row.due_ns = now_ns - ledger_.start_ns;
  if (!marked_ && load_.arrival == load::Arrival::bursty && burst != burst_state_) {
    burst_state_ = burst;
    session_.phases.open(burst ? "burst" : "calm", row.due_ns);
  }
  if (row.seq < load_.warmup_items) {
    row.flags = static_cast<uint8_t>(row.flags | SAGE_REQUEST_WARMUP);
    warmup_offered.add();
  } else {
    if (window_begin_ns_ < 0) {
      window_begin_ns_ = plan_.paced() ? plan_.window_begin_ns() : row.due_ns;
      session_.phases.begin_window(window_begin_ns_);
    } else {
      note_gap(row.due_ns);
    }
  }
  last_due_ns_ = row.due_ns;
}

// Whether the table was full at this look: a wait for a slot is none of the generator's.
void Feed::note_slot(int64_t now_ns) {
  if (no_slot_) {
    if (no_slot_since_ns_ == 0) no_slot_since_ns_ = now_ns;
    no_slot_ns_ = now_ns;
  } else if (no_slot_since_ns_ != 0) {
    slot_wait_ns_ += now_ns - std::exchange(no_slot_since_ns_, 0);
  }
}

bool Feed::issue_batch(int64_t now_ns, int64_t before_ns) {
  batch_begin_ = batch_end_ = 0;
  no_slot_ = false;
  const auto wanted = plan_.paced() ? batch_size : room();
  auto& lane = ledger_.lanes.mine();
  while (batch_end_ < wanted) {
    const auto* planned = plan_.row();
    if (planned == nullptr) break;
    const auto due = ledger_.start_ns + planned->due_ns;
    if (plan_.paced() && (due > now_ns || due >= before_ns)) break;
    uint64_t id = 0;
    auto* slot = ledger_.slots.allocate(id);
    no_slot_ = slot == nullptr;
    note_slot(now_ns);
    if (no_slot_) break;
    auto& row = batch_[batch_end_++];
    row = *planned;
    row.id = id;
    enter(row, plan_.row_in_burst(), now_ns);
    ledger_.admit(lane, *slot, row, session_.phases.use(), now_ns);
    if (row.seq >= load_.warmup_items && plan_.paced())
      lateness.record(now_ns - std::max({due, backend_free_ns_, no_slot_ns_}));
    if (row.seq < ledger_.parity.limit()) ledger_.parity.keep(*planned);
    plan_.take_row();
  }
  if (batch_empty()) return false;
  ledger_.count_offered(batch_end_);
  session_.phase_name.store(session_.phases.current_name(), std::memory_order_relaxed);
  offer(now_ns);
  return batch_empty();
}

// Rows that were refused before: one that timed out meanwhile is not offered any more, the others are sent now.
void Feed::renew_batch(int64_t now_ns) {
  auto kept = batch_begin_;
  for (auto i = batch_begin_; i < batch_end_; ++i) {
    if (ledger_.send_again(batch_[i].id, now_ns)) batch_[kept++] = batch_[i];
  }
  batch_end_ = kept;
}

void Feed::offer(int64_t now_ns) {
  constexpr auto relaxed = std::memory_order_relaxed;
  if (blocked_since_ns_ != 0) renew_batch(now_ns);
  const auto begin_ns = session_.clock.now_ns();
  const auto taken =
      batch_empty() ? 0 : session_.backend.submit({batch_.data() + batch_begin_, batch_end_ - batch_begin_});
  auto& lane = ledger_.lanes.mine();
  const auto& shape = ledger_.lanes.shape();
  // the phase at issue; a row that was refused across a change of phase is counted where it was accepted
  const auto phase = session_.phases.current();
  for (auto i = batch_begin_; i < batch_begin_ + taken; ++i) {
    const auto& row = batch_[i];
    if ((row.flags & SAGE_REQUEST_WARMUP) == 0)
      lane.cell(shape.cell(phase, row.class_id, row.tenant)).dispatch.record(now_ns - row.due_ns);
  }
  batch_begin_ += taken;
  backend_free_ns_ = session_.clock.now_ns();
  if (!session_.clock.is_virtual()) note_submit(begin_ns, backend_free_ns_);
  if (blocked_since_ns_ != 0)
    session_.blocked_ns.store(session_.blocked_ns.load(relaxed) + backend_free_ns_ - blocked_since_ns_, relaxed);
  blocked_since_ns_ = batch_empty() ? 0 : backend_free_ns_;
}

void Feed::note_submit(int64_t begin_ns, int64_t end_ns) {
  const auto took_ns = end_ns - begin_ns;
  if (took_ns > submit_.longest_ns) {
    submit_.longest_ns = took_ns;
    submit_.longest_at_ns = begin_ns - ledger_.start_ns;
  }
  if (took_ns <= records::SubmitCalls::blocking_from_ns) return;
  ++submit_.blocking;
  submit_.blocking_ns += took_ns;
}

void Feed::stop_offering() {
  for (auto i = batch_begin_; i < batch_end_; ++i) ledger_.cancel(batch_[i].id, session_.clock.now_ns());
  batch_begin_ = batch_end_ = 0;
  const auto now = session_.clock.now_ns();
  if (ledger_.window_end_ns.load(std::memory_order_relaxed) > now && open_loop())
    ledger_.window_end_ns.store(now, std::memory_order_relaxed);
  ended_.store(true, std::memory_order_release);
}

void Feed::note_gap(int64_t due_ns) {
  const auto gap = static_cast<double>(due_ns - last_due_ns_);
  gap_sum_ += gap;
  gap_square_sum_ += gap * gap;
  ++gaps_;
}

double Feed::mean_gap_s() const { return gaps_ == 0 ? 0 : gap_sum_ / static_cast<double>(gaps_) / 1e9; }

double Feed::gap_cv() const {
  if (gaps_ < 3 || gap_sum_ <= 0) return -1;
  const auto mean = gap_sum_ / static_cast<double>(gaps_);
  const auto variance = gap_square_sum_ / static_cast<double>(gaps_) - mean * mean;
  return std::sqrt(std::max(0.0, variance)) / mean;
}

}  // namespace host::engine
