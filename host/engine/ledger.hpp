// The ledger: each offered request gets exactly one outcome, counted in the lane of the thread that saw it end.
//
// Threads: the feed admits, the backend's own threads complete, the collector expires. In virtual time one thread plays
// all of them in turn.
#pragma once

#include <sage/abi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "engine/clock.hpp"
#include "engine/lane.hpp"
#include "engine/parity.hpp"
#include "engine/plugin_calls.hpp"
#include "engine/slots.hpp"
#include "engine/timeline.hpp"
#include "load/load.hpp"

namespace host::engine {

class Ledger {
 public:
  // `keep_rows`: somebody looks at single requests. `workload` and `clock` must outlive the ledger.
  Ledger(const load::LoadConfig& load, uint64_t parity_limit, bool keep_rows, const WorkloadCalls& workload,
         const Clock& clock);

  // [feed] The row gets the slot that was allocated for its id; its due time becomes one of the run's clock. Offered is
  // counted by the batch, before it is submitted.
  void admit(Lane& lane, Slot& slot, sage_request& row, uint8_t phase, int64_t now_ns);
  void count_offered(uint64_t n) {
    offered_.store(offered_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  // [feed] The row is sent now, later than it was admitted. False if it has ended meanwhile.
  bool send_again(uint64_t id, int64_t now_ns);
  // [feed] The backend never got it.
  void cancel(uint64_t id, int64_t now_ns);

  // [any] What the host's services of these names do.
  void complete(std::span<const sage_completion> rows);
  void spans(std::span<const sage_span> rows);

  // [settle] Every outstanding request due at or before `due_ns` ends like this. `take_rows` is called in between, so
  // that the settling thread's own ring takes the rows of however many that are.
  void expire(
      int64_t due_ns, metrics::Outcome outcome, int64_t now_ns, const std::function<void()>& take_rows = [] {});
  // [feed] Requests that ran into their time limit since the last look, for a backend that can stop working on them.
  // They are noted only if it can.
  [[nodiscard]] std::vector<uint64_t> take_given_up();
  [[nodiscard]] bool any_given_up() const { return any_given_up_.load(std::memory_order_relaxed); }
  bool note_given_up = false;  // before the run
  // [any] The backend has room again.
  void backend_ready() {
    backend_ready_.store(true, std::memory_order_relaxed);
    progress.notify();
  }
  bool take_backend_ready() { return backend_ready_.load(std::memory_order_relaxed) && backend_ready_.exchange(false); }
  // [main] Outcomes from now on come too late, whatever they are.
  void close() { closed_.store(true); }
  [[nodiscard]] bool closed() const { return closed_.load(std::memory_order_relaxed); }

  // Warm-up included.
  [[nodiscard]] uint64_t offered() const { return offered_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint64_t done() const;  // terminal outcomes so far
  // A completion may be counted before its request is: never a negative number.
  [[nodiscard]] uint64_t in_flight() const {
    const auto ended = done();
    const auto begun = offered();
    return begun > ended ? begun - ended : 0;
  }
  // [feed] How many of `wanted` more requests keep no more than `limit` in flight. Adds up the lanes only if what was
  // done when it last did leaves less room.
  [[nodiscard]] uint64_t room(uint64_t limit, uint64_t wanted);

  int64_t start_ns = 0;                           // of the schedule, on the run's clock
  std::atomic<int64_t> clock_error_ns{0};         // by which stamps of nodes with clocks of their own may be wrong
  std::atomic<uint32_t> nodes{1};                 // that there may be, added ones included; spans name no other
  std::atomic<int64_t> window_end_ns{INT64_MAX};  // absolute; completions later than this count for no throughput

  SlotTable slots;
  Lanes lanes;
  Parity parity;
  TimelineSample timeline;
  Wake progress;  // the feed waits for completions (closed loop, back-pressure)
  const bool keep_rows;

 private:
  static constexpr size_t batch_max = 64;

  // Of one request, on the run's clock; begun is 0 if it is not known, first if it came in one piece.
  struct Times {
    int64_t due, sent, begun, first, done;
  };
  void complete_batch(Lane& lane, std::span<const sage_completion> rows, int64_t now_ns);
  static void count_refused(Lane& lane, SlotTable::Claim claim);
  void chunk(Lane& lane, const sage_completion& row, int64_t at_ns);
  void tokens(Lane& lane, Slot& slot, const int64_t* at_ns, uint32_t n, int64_t now_ns);
  void add_chunk(Lane& lane, Slot& slot, int64_t at_ns, uint32_t units);
  void request_spans(Lane& lane, std::span<const sage_span> rows, int64_t now_ns);
  void finish(Lane& lane, const Slot& slot, metrics::Outcome outcome, const sage_completion& completion, int64_t at_ns);
  bool count_ok(LaneCell& cell, const Slot& slot, const Times& times, uint32_t units);
  bool count_tokens(LaneCell& cell, const Slot& slot, const Times& times, uint32_t units, const sage_class& slo);
  void keep_row(Lane& lane, const Slot& slot, metrics::Outcome outcome, const sage_completion& completion,
                const Times& times, bool good);
  void ended(Lane& lane, uint64_t n);

  const WorkloadCalls& workload_;
  const Clock& clock_;
  const uint64_t warmup_;
  const int64_t timeout_ns_;
  std::atomic<uint64_t> offered_{0};
  uint64_t done_seen_ = 0;  // feed thread
  std::atomic<bool> closed_{false};
  std::atomic<bool> backend_ready_{false};
  std::atomic<bool> any_given_up_{false};
  std::mutex given_up_mutex_;  // off the hot path: only for time limits
  std::vector<uint64_t> given_up_;
};

// In the header, because the feed does it for every request.
[[gnu::always_inline]] inline void Ledger::admit(Lane& lane, Slot& slot, sage_request& row, uint8_t phase,
                                                 int64_t now_ns) {
  constexpr auto relaxed = std::memory_order_relaxed;
  const auto cell = lanes.shape().cell(phase, row.class_id, row.tenant);
  const bool warmup = (row.flags & SAGE_REQUEST_WARMUP) != 0;
  row.due_ns += start_ns;
  slot.due_ns.store(row.due_ns, relaxed);
  slot.sent_ns.store(now_ns, relaxed);
  slot.first_ns.store(0, relaxed);
  slot.chunk_ns.store(0, relaxed);
  slot.seq.store(row.seq, relaxed);
  slot.chunk_units.store(0, relaxed);
  slot.cell.store(static_cast<uint32_t>(cell), relaxed);
  slot.pipeline.store(row.pipeline, relaxed);
  slot.class_id.store(static_cast<uint8_t>(row.class_id), relaxed);
  slot.tenant.store(static_cast<uint8_t>(row.tenant), relaxed);
  slot.phase.store(phase, relaxed);
  slot.flags.store(static_cast<uint8_t>(row.flags & ~Slot::spanned), relaxed);
  slot.priority.store(row.priority, relaxed);
  slot.sampled.store(warmup ? uint8_t{0} : timeline.choose(row.seq - warmup_, row.seq), relaxed);
  if (!warmup) lane.cell(cell).offered.add();
  SlotTable::publish(slot, row.id);
}

}  // namespace host::engine
