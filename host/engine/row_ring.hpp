// Finished requests on their way from a completing thread to the collector: a single-producer single-consumer ring of
// bytes. A row is one cache line; few are followed by the time of their first chunk or by a result. By hand: queues of
// libraries hold items of one size, or allocate.
#pragma once

#include <sage/abi.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "records/rows.hpp"

namespace host::engine {

// Times in ns from the start of the schedule.
struct DoneRow {
  uint64_t seq = 0;
  int64_t due_ns = 0;
  int64_t sent_ns = 0;
  int64_t begun_ns = -1;  // -1 = not known
  int64_t done_ns = 0;
  uint64_t digest = 0;
  uint32_t units = 0;
  uint16_t pipeline = 0;
  uint16_t node = 0;
  uint8_t class_id = 0;
  uint8_t tenant = 0;
  uint8_t phase = 0;
  uint8_t outcome = 0;
  uint8_t flags = 0;  // SAGE_REQUEST_*, SAGE_OUTCOME_LEFT_OUT, given_up
  uint8_t priority = 0;
  bool good = false;   // ok, and every SLO of its class met
  bool extra = false;  // a DoneExtra follows

  static constexpr uint8_t given_up = 0x80;  // by the host, while the backend still had it
};
static_assert(sizeof(DoneRow) == 64);

struct DoneExtra {
  int64_t first_ns = -1;     // -1 = no chunk
  uint64_t result_size = 0;  // bytes that follow
};
static_assert(sizeof(DoneExtra) == 16);

// The row as the request log has it.
inline records::RequestRow request_row(const DoneRow& done, int64_t first_ns) {
  return {.seq = done.seq,
          .due_ns = done.due_ns,
          .sent_ns = done.sent_ns,
          .begun_ns = done.begun_ns,
          .first_ns = first_ns,
          .done_ns = done.done_ns,
          .digest = done.digest,
          .class_id = done.class_id,
          .tenant = done.tenant,
          .phase = done.phase,
          .outcome = done.outcome,
          .node = done.node,
          .units = static_cast<uint16_t>(std::min<uint32_t>(done.units, UINT16_MAX))};
}

class RowRing {
 public:
  static constexpr uint64_t capacity = 4 << 20;  // bytes: 65,000 rows without results
  static_assert(SAGE_RESULT_MAX_POSSIBLE <= capacity / 4, "a large result leaves room for others");

  RowRing();
  ~RowRing();
  RowRing(const RowRing&) = delete;
  RowRing& operator=(const RowRing&) = delete;

  // [producer] A row to be filled in place (all but `extra`), the rest being copied; null when the ring is full.
  // Visible to the consumer after `commit`.
  DoneRow* add(int64_t first_ns, std::span<const std::byte> result) noexcept {
    const bool extra = first_ns >= 0 || !result.empty();
    const auto need = entry_size(extra, result.size());
    if (write_ + need - tail_seen_ > capacity) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (write_ + need - tail_seen_ > capacity) return nullptr;
    }
    auto* at = bytes_ + (write_ & (capacity - 1));
    auto* row = reinterpret_cast<DoneRow*>(at);
    row->extra = extra;
    if (extra) {
      const DoneExtra more{first_ns, result.size()};
      std::memcpy(at + sizeof(DoneRow), &more, sizeof more);
      if (!result.empty()) std::memcpy(at + sizeof(DoneRow) + sizeof more, result.data(), result.size());
    }
    write_ += need;
    return row;
  }
  void commit() noexcept { head_.store(write_, std::memory_order_release); }
  // [producer] `ahead` rows from now one will be written: the ring is larger than a core's cache.
  void prefetch(size_t ahead) const noexcept {
    __builtin_prefetch(bytes_ + ((write_ + ahead * sizeof(DoneRow)) & (capacity - 1)), 1);
  }

  // [consumer] visit(const DoneRow&, int64_t first_ns, span of the result) for at most `limit` committed entries, which
  // stay valid until the next `consumed`. Returns how many.
  template <class Visit>
  size_t peek(size_t limit, Visit&& visit) {
    const auto head = head_.load(std::memory_order_acquire);
    size_t n = 0;
    for (; n < limit && read_ != head; ++n) {
      const auto* at = bytes_ + (read_ & (capacity - 1));
      __builtin_prefetch(at + 16 * sizeof(DoneRow));
      const auto& done = *reinterpret_cast<const DoneRow*>(at);
      const auto extra = done.extra ? *reinterpret_cast<const DoneExtra*>(at + sizeof(DoneRow)) : DoneExtra{};
      visit(done, extra.first_ns, std::span(at + sizeof(DoneRow) + sizeof(DoneExtra), extra.result_size));
      read_ += entry_size(done.extra, extra.result_size);
    }
    return n;
  }
  void consumed() noexcept { tail_.store(read_, std::memory_order_release); }
  // Share of the ring in use; any thread.
  [[nodiscard]] double fill() const {
    return static_cast<double>(head_.load(std::memory_order_relaxed) - tail_.load(std::memory_order_relaxed)) /
           static_cast<double>(capacity);
  }

 private:
  static uint64_t entry_size(bool extra, uint64_t result_size) {
    return sizeof(DoneRow) + (extra ? (sizeof(DoneExtra) + result_size + 15) & ~uint64_t{15} : 0);
  }

  std::byte* bytes_ = nullptr;  // the same memory mapped twice in a row, so that no entry wraps
  // producer and consumer each on a cache line of their own
  alignas(64) uint64_t write_ = 0;
  uint64_t tail_seen_ = 0;
  std::atomic<uint64_t> head_{0};
  alignas(64) uint64_t read_ = 0;
  std::atomic<uint64_t> tail_{0};
};

}  // namespace host::engine
