// Finished requests on their way from a completing thread to the collector: a single-producer single-consumer ring of
// bytes, in which each row is followed by the result it carries.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "records/rows.hpp"

namespace host::engine {

struct DoneRow {
  records::RequestRow row;
  uint32_t units = 0;
  uint32_t result_size = 0;  // bytes that follow
  uint32_t flags = 0;        // SAGE_REQUEST_*
  uint16_t pipeline = 0;
  uint8_t priority = 0;
  uint8_t good = 0;  // ok, and every SLO of its class met
};
static_assert(sizeof(DoneRow) == 80);

class RowRing {
 public:
  static constexpr uint64_t capacity = 4 << 20;  // bytes: 52,000 rows without results
  // Larger results are cut: a workload that wants more judges by digest.
  static constexpr uint32_t result_max = 64 << 10;

  RowRing();
  ~RowRing();
  RowRing(const RowRing&) = delete;
  RowRing& operator=(const RowRing&) = delete;

  // [producer] False when full. Visible to the consumer after `commit`.
  bool push(const DoneRow& done, const void* result) noexcept {
    const auto need = entry_size(done.result_size);
    if (write_ + need - tail_seen_ > capacity) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (write_ + need - tail_seen_ > capacity) return false;
    }
    auto* at = bytes_ + (write_ & (capacity - 1));
    std::memcpy(at, &done, sizeof(DoneRow));
    if (done.result_size != 0) std::memcpy(at + sizeof(DoneRow), result, done.result_size);
    write_ += need;
    return true;
  }
  void commit() noexcept { head_.store(write_, std::memory_order_release); }

  // [consumer] visit(const DoneRow&, const std::byte* result) for at most `limit` committed entries, which stay valid
  // until the next `consumed`. Returns how many.
  template <class Visit>
  size_t peek(size_t limit, Visit&& visit) {
    const auto head = head_.load(std::memory_order_acquire);
    size_t n = 0;
    for (; n < limit && read_ != head; ++n) {
      const auto* at = bytes_ + (read_ & (capacity - 1));
      const auto* done = reinterpret_cast<const DoneRow*>(at);
      visit(*done, at + sizeof(DoneRow));
      read_ += entry_size(done->result_size);
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
  static uint64_t entry_size(uint32_t result_size) { return (sizeof(DoneRow) + result_size + 15) & ~uint64_t{15}; }

  std::byte* bytes_ = nullptr;  // the same memory mapped twice in a row, so that no entry wraps
  // producer and consumer each on a cache line of their own
  alignas(64) uint64_t write_ = 0;
  uint64_t tail_seen_ = 0;
  std::atomic<uint64_t> head_{0};
  alignas(64) uint64_t read_ = 0;
  std::atomic<uint64_t> tail_{0};
};

}  // namespace host::engine
