#include "engine/ledger.hpp"

#include <sage/plugin.hpp>

#include <algorithm>
#include <array>

namespace host::engine {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;

constexpr uint64_t expired_at_once = 4096;

// Of a request that the host ended itself.
constexpr sage_completion no_completion{};

metrics::Outcome outcome_of(int32_t status) {
  if (status == SAGE_DONE_OK) [[likely]]
    return metrics::Outcome::ok;
  switch (status) {
    case SAGE_DONE_TIMEOUT:
      return metrics::Outcome::timeout;
    case SAGE_DONE_REJECTED:
      return metrics::Outcome::rejected;
    case SAGE_DONE_CANCELLED:
      return metrics::Outcome::cancelled;
    default:
      return metrics::Outcome::error;
  }
}

}  // namespace

Ledger::Ledger(const load::LoadConfig& load, uint64_t parity_limit, bool rows, const WorkloadCalls& workload,
               const Clock& clock)
    : slots(load.max_in_flight),
      lanes(LaneShape{workload.classes.size(), workload.tenants.size(), workload.stages.size()}),
      parity(parity_limit),
      timeline(load.total_requests),
      keep_rows(rows),
      workload_(workload),
      clock_(clock),
      warmup_(load.warmup_items),
      timeout_ns_(static_cast<int64_t>(load.timeout_s * 1e9)) {}

uint64_t Ledger::done() const {
  uint64_t sum = 0;
  lanes.for_each([&](const Lane& lane) { sum += lane.done.value.load(std::memory_order_acquire); });
  return sum;
}

uint64_t Ledger::room(uint64_t limit, uint64_t wanted) {
  const auto left = [&] {
    const auto in_flight = offered() - done_seen_;
    return in_flight >= limit ? 0 : limit - in_flight;
  };
  if (left() < wanted) done_seen_ = done();
  HOST_INVARIANT(done_seen_ <= offered(), "no more requests end than were offered");
  return std::min(left(), wanted);
}

bool Ledger::send_again(uint64_t id, int64_t now_ns) {
  auto* slot = slots.find(id);
  if (slot == nullptr) return false;
  slot->sent_ns.store(now_ns, relaxed);
  return true;
}

void Ledger::cancel(uint64_t id, int64_t now_ns) {
  Slot* slot = nullptr;
  if (slots.claim(id, slot) != SlotTable::Claim::claimed) return;
  auto& lane = lanes.mine();
  finish(lane, *slot, metrics::Outcome::cancelled, no_completion, now_ns);
  SlotTable::release(*slot);
  ended(lane, 1);
}

void Ledger::expire(int64_t due_ns, metrics::Outcome outcome, int64_t now_ns, const std::function<void()>& take_rows) {
  auto& lane = lanes.mine();
  uint64_t n = 0;
  slots.expire(due_ns, [&](Slot& slot, uint64_t id) {
    finish(lane, slot, outcome, no_completion, now_ns);
    if (note_given_up && outcome == metrics::Outcome::timeout) {
      const std::scoped_lock lock(given_up_mutex_);
      given_up_.push_back(id);
      any_given_up_.store(true, relaxed);
    }
    if (++n < expired_at_once) return;
    ended(lane, std::exchange(n, 0));
    take_rows();
  });
  ended(lane, n);
}

std::vector<uint64_t> Ledger::take_given_up() {
  const std::scoped_lock lock(given_up_mutex_);
  any_given_up_.store(false, relaxed);
  return std::exchange(given_up_, {});
}

// Of a request that came in chunks. Returns whether the SLOs of its tokens were met.
bool Ledger::count_tokens(LaneCell& cell, const Slot& slot, const Times& times, uint32_t units, const sage_class& slo) {
  cell.ttft.record(times.first - times.due);
  cell.ttft_service.record(times.first - times.sent);
  bool met = slo.slo_ttft_ns == 0 || times.first - times.due <= slo.slo_ttft_ns;
  if (units >= 2) {
    const auto tpot = (times.done - times.first) / (units - 1);
    cell.tpot.record(tpot);
    met = met && (slo.slo_tpot_ns == 0 || tpot <= slo.slo_tpot_ns);
  }
  // the terminal completion closes the last chunk
  if (const auto delivered = slot.chunk_units.load(relaxed); units > delivered)
    cell.itl.record((times.done - slot.chunk_ns.load(relaxed)) / (units - delivered), units - delivered);
  return met;
}

// A measured request that ended ok. Returns whether every SLO of its class was met.
[[gnu::always_inline]] inline bool Ledger::count_ok(LaneCell& cell, const Slot& slot, const Times& times,
                                                    uint32_t units) {
  const auto& slo = *workload_.classes[slot.class_id.load(relaxed)];
  const auto response = times.done - times.due;
  bool met = slo.slo_response_ns == 0 || response <= slo.slo_response_ns;
  cell.response.record(response);
  cell.service.record(times.done - times.sent);
  if (times.first != 0)
    met = count_tokens(cell, slot, times, units, slo) && met;
  else
    met = met && slo.slo_ttft_ns == 0 && (slo.slo_tpot_ns == 0 || units < 2);
  if (units != 0) cell.units_out.add(units);
  if (met) cell.slo_met.add();
  if (times.done <= window_end_ns.load(relaxed)) {
    cell.ok_in_window.add();
    if (met) cell.slo_in_window.add();
  }
  return met;
}

// Built where the collector will read it.
[[gnu::always_inline]] inline void Ledger::keep_row(Lane& lane, const Slot& slot, metrics::Outcome outcome,
                                                    const sage_completion& completion, const Times& times, bool good) {
  const auto from_start = [&](int64_t ns) { return ns == 0 ? -1 : ns - start_ns; };
  const auto first_ns = from_start(times.first);
  const bool left_out = completion.result.size > workload_.result_max;
  if (left_out) [[unlikely]]
    lane.results_left_out.add();
  const std::span result(static_cast<const std::byte*>(completion.result.ptr),
                         completion.result.ptr == nullptr || left_out ? 0 : completion.result.size);
  DoneRow unkept;
  auto* row = keep_rows ? lane.rows.add(first_ns, result) : &unkept;
  if (row == nullptr) [[unlikely]] {
    lane.rows_dropped.add();
    row = &unkept;
  }
  row->seq = slot.seq.load(relaxed);
  row->due_ns = times.due - start_ns;
  row->sent_ns = times.sent - start_ns;
  row->begun_ns = from_start(times.begun);
  row->done_ns = times.done - start_ns;
  row->digest = completion.digest;
  row->units = completion.units;
  row->pipeline = slot.pipeline.load(relaxed);
  row->node = static_cast<uint16_t>(std::min<uint32_t>(completion.node, 65535));
  row->class_id = slot.class_id.load(relaxed);
  row->tenant = slot.tenant.load(relaxed);
  row->phase = slot.phase.load(relaxed);
  row->outcome = static_cast<uint8_t>(outcome);
  const bool given_up = &completion == &no_completion && outcome != metrics::Outcome::cancelled;
  row->flags = static_cast<uint8_t>((slot.flags.load(relaxed) & ~Slot::spanned) |
                                    (left_out ? SAGE_OUTCOME_LEFT_OUT : 0) | (given_up ? DoneRow::given_up : 0));
  row->priority = slot.priority.load(relaxed);
  row->good = good;
  if (const auto place = slot.sampled.load(relaxed); place != 0) [[unlikely]]
    timeline.end(place, request_row(*row, first_ns));
}

// Terminal outcome of a claimed slot, from a completion or the host's own decision (timeout, unfinished, cancelled).
void Ledger::finish(Lane& lane, const Slot& slot, metrics::Outcome outcome, const sage_completion& completion,
                    int64_t at_ns) {
  Times times{slot.due_ns.load(relaxed), slot.sent_ns.load(relaxed), completion.begun_ns, slot.first_ns.load(relaxed),
              at_ns};
  // the last chunk came after the request was sent, or there is none
  const auto error_ns = clock_error_ns.load(relaxed);
  if (const auto before = std::max(times.sent, slot.chunk_ns.load(relaxed)); times.done < before) [[unlikely]] {
    // Given up by the host it may have been offered again meanwhile: no stamp of the backend's.
    if (&completion != &no_completion && times.done < before - error_ns) lane.bad_stamps.add();
    times.done = before;
  }
  if (times.begun != 0 && (times.begun < times.sent || times.begun > times.done)) [[unlikely]] {
    const auto possible = std::clamp(times.begun, times.sent, times.done);
    const bool explained = std::abs(times.begun - possible) <= error_ns;
    if (!explained) lane.bad_stamps.add();
    times.begun = explained ? possible : 0;
  }
  const auto index = static_cast<size_t>(outcome);
  const auto seq = slot.seq.load(relaxed);
  lane.outcomes[index].add();
  if (seq < parity.limit() && outcome == metrics::Outcome::ok) parity.note(seq, completion.digest);
  bool good = false;
  if (const auto flags = slot.flags.load(relaxed); (flags & SAGE_REQUEST_WARMUP) == 0) {
    auto& cell = lane.cell(slot.cell.load(relaxed));
    cell.outcomes[index].add();
    if (outcome == metrics::Outcome::ok) {
      good = count_ok(cell, slot, times, completion.units);
      // of one that spans were told of, they say it
      if ((flags & Slot::spanned) == 0 && completion.node < nodes.load(relaxed)) lane.served.add(completion.node);
      if (completion.digest != 0) {
        lane.digested.add();
        const auto mixed = sage::Draw::mix(completion.digest + sage::Draw::mix(seq + 1));
        lane.digest.store(lane.digest.load(relaxed) ^ mixed, relaxed);
      }
    }
  }
  if (keep_rows || slot.sampled.load(relaxed) != 0) keep_row(lane, slot, outcome, completion, times, good);
}

void Ledger::complete(std::span<const sage_completion> rows) {
  if (rows.empty()) return;
  auto& lane = lanes.mine();
  if (closed()) {
    lane.after_close.add(rows.size());
    return;
  }
  const auto now = clock_.now_ns();  // once a call: 20 ns
  while (!rows.empty()) {
    const auto batch = rows.first(std::min(rows.size(), batch_max));
    complete_batch(lane, batch, now);
    rows = rows.subspan(batch.size());
  }
}

// All claims before the first count: a claim waits until what the core has written so far left its store buffer, and
// rows that go into the ring take long to do so.
void Ledger::complete_batch(Lane& lane, std::span<const sage_completion> rows, int64_t now_ns) {
  struct Ending {
    Slot* slot;
    const sage_completion* row;
    int64_t at_ns;
  };
  std::array<Ending, batch_max> endings;
  size_t n = 0;
  for (const auto& row : rows) slots.prefetch(row.id);
  for (const auto& row : rows) {
    if (keep_rows) lane.rows.prefetch(n);
    auto at = row.at_ns == 0 ? now_ns : row.at_ns;
    if (at > now_ns) [[unlikely]] {
      if (at > now_ns + clock_error_ns.load(relaxed)) lane.bad_stamps.add();
      at = now_ns;
    }
    if ((row.flags & ~SAGE_COMPLETION_FLAGS) != 0 || static_cast<uint32_t>(row.status) > SAGE_DONE_CANCELLED)
        [[unlikely]]
      lane.unknown.add();
    Slot* slot = nullptr;
    if ((row.flags & SAGE_COMPLETION_PARTIAL) != 0)
      chunk(lane, row, at);
    else if (const auto claim = slots.claim(row.id, slot); claim == SlotTable::Claim::claimed)
      endings[n++] = {slot, &row, at};
    else
      count_refused(lane, claim);
  }
  for (size_t i = 0; i < n; ++i) {
    const auto& ending = endings[i];
    if (ending.row->token_ns != nullptr) [[unlikely]] {
      const auto told = ending.slot->chunk_units.load(relaxed);
      tokens(lane, *ending.slot, ending.row->token_ns, ending.row->units - std::min(told, ending.row->units), now_ns);
    }
    // Whatever it brings: who waited had given it up by then, also where the sweep has not come by yet.
    const bool late = ending.at_ns - ending.slot->due_ns.load(relaxed) > timeout_ns_;
    const auto outcome = late ? metrics::Outcome::timeout : outcome_of(ending.row->status);
    finish(lane, *ending.slot, outcome, *ending.row, ending.at_ns);
    SlotTable::release(*ending.slot);
  }
  ended(lane, n);
}

void Ledger::count_refused(Lane& lane, SlotTable::Claim claim) {
  switch (claim) {
    case SlotTable::Claim::claimed:
      break;
    case SlotTable::Claim::late:
      lane.late.add();
      break;
    case SlotTable::Claim::duplicate:
      lane.duplicate.add();
      break;
    case SlotTable::Claim::unexpected:
      lane.unexpected.add();
      break;
  }
}

// Rows first: who sees that all requests are done finds all their rows.
void Ledger::ended(Lane& lane, uint64_t n) {
  lane.rows.commit();
  lane.done.value.store(lane.done.get() + n, std::memory_order_release);
  progress.notify();
}

void Ledger::chunk(Lane& lane, const sage_completion& row, int64_t at_ns) {
  auto* slot = slots.find(row.id);
  if (slot == nullptr) [[unlikely]] {
    (slots.why_none(row.id) == SlotTable::Claim::unexpected ? lane.unexpected : lane.late_chunks).add();
    return;
  }
  if (row.token_ns != nullptr)
    tokens(lane, *slot, row.token_ns, row.units, clock_.now_ns());
  else
    add_chunk(lane, *slot, at_ns, row.units);
}

// Each with a time of its own: a chunk of one.
void Ledger::tokens(Lane& lane, Slot& slot, const int64_t* at_ns, uint32_t n, int64_t now_ns) {
  for (uint32_t i = 0; i < n; ++i) {
    if (at_ns[i] > now_ns + clock_error_ns.load(relaxed)) [[unlikely]]
      lane.bad_stamps.add();
    add_chunk(lane, slot, std::min(at_ns[i], now_ns), 1);
  }
}

void Ledger::add_chunk(Lane& lane, Slot& slot, int64_t at_ns, uint32_t units) {
  const auto previous = slot.chunk_ns.load(relaxed);
  const auto warmup = (slot.flags.load(relaxed) & SAGE_REQUEST_WARMUP) != 0;
  if (const auto before = std::max(slot.sent_ns.load(relaxed), previous); at_ns < before) [[unlikely]] {
    if (at_ns < before - clock_error_ns.load(relaxed)) lane.bad_stamps.add();
    at_ns = before;
  }
  if (previous == 0) {
    slot.first_ns.store(at_ns, relaxed);
  } else if (units != 0 && !warmup) {
    lane.cell(slot.cell.load(relaxed)).itl.record((at_ns - previous) / units, units);
  }
  slot.chunk_ns.store(at_ns, relaxed);
  slot.chunk_units.store(slot.chunk_units.load(relaxed) + units, relaxed);
}

void Ledger::spans(std::span<const sage_span> rows) {
  if (rows.empty() || closed()) return;
  auto& lane = lanes.mine();
  const auto now = clock_.now_ns();
  while (!rows.empty()) {
    size_t n = 1;
    while (n < rows.size() && rows[n].id == rows[0].id) ++n;
    request_spans(lane, rows.first(n), now);
    rows = rows.subspan(n);
  }
}

// All of one request's. A span that cannot be is counted and left out: of a step that the pipeline has not, or that had
// one already, of another stage, of a node that there is not, that begins before its inputs were there, ends before it
// begins or in the future.
void Ledger::request_spans(Lane& lane, std::span<const sage_span> rows, int64_t now_ns) {
  auto* slot = slots.find(rows[0].id);
  if (slot == nullptr) [[unlikely]] {
    if (slots.why_none(rows[0].id) != SlotTable::Claim::late) lane.bad_spans.add(rows.size());
    return;
  }
  const auto flags = slot->flags.fetch_or(Slot::spanned, relaxed);  // 5 ns; the slot may change hands meanwhile
  if ((flags & Slot::spanned) != 0) [[unlikely]]
    return lane.bad_spans.add(rows.size());
  const auto& pipeline = *workload_.pipelines[slot->pipeline.load(relaxed)];
  const auto sampled = slot->sampled.load(relaxed);
  const bool warmup = (flags & SAGE_REQUEST_WARMUP) != 0;
  const auto n_nodes = nodes.load(relaxed);
  const auto sent = slot->sent_ns.load(relaxed);
  const auto error_ns = clock_error_ns.load(relaxed);
  for (size_t k = 0; k < rows.size(); ++k) {
    const auto& span = rows[k];
    const auto earlier = rows.first(k);
    const auto told = [&](uint32_t step) {
      return std::ranges::find(earlier, step, [](const sage_span& s) { return uint32_t{s.step}; });
    };
    if (k >= pipeline.n_steps || span.step >= pipeline.n_steps || told(span.step) != earlier.end()) [[unlikely]] {
      lane.bad_spans.add();
      continue;
    }
    // ready when the latest of its inputs ended; the first steps when the request was sent
    const auto& step = *pipeline.steps[span.step];
    auto ready = sent;
    for (uint32_t input = 0; input < step.n_inputs; ++input)
      if (const auto before = told(step.inputs[input]); before != earlier.end())
        ready = std::max(ready, before->end_ns);
    if (span.stage != step.stage || span.node >= n_nodes || span.begin_ns < ready - error_ns ||
        span.end_ns < span.begin_ns || span.end_ns > now_ns + error_ns) [[unlikely]] {
      lane.bad_spans.add();
      continue;
    }
    if (warmup) continue;
    if (sampled != 0) [[unlikely]]
      timeline.step(sampled, slot->seq.load(relaxed), span);
    if (std::ranges::find(earlier, span.node, &sage_span::node) == earlier.end()) lane.served.add(span.node);
    auto& stage = lane.stage(span.stage);
    stage.wait.record(std::max<int64_t>(0, span.begin_ns - ready));
    stage.service.record(span.end_ns - span.begin_ns);
  }
}

}  // namespace host::engine
