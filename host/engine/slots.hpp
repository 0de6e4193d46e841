// The ledger's slot table: one slot an outstanding request. Preallocated, so memory does not grow with the run; each
// slot counts generations, so an outcome for an id that is not outstanding is noticed.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_set>

#include "engine/invariant.hpp"

namespace host::engine {

// A 64-byte slot. The feed thread fills it, the thread that claims it reads it; the fields are relaxed atomics because
// the timeout scan and partial completions may look at a slot while it changes hands (the claim decides who was right).
struct alignas(64) Slot {
  std::atomic<uint64_t> state{0};  // generation << 2 | Phase
  std::atomic<int64_t> due_ns{0};
  std::atomic<int64_t> sent_ns{0};
  std::atomic<int64_t> first_ns{0};  // first chunk; 0 = none yet
  std::atomic<int64_t> chunk_ns{0};  // latest chunk
  std::atomic<uint64_t> seq{0};
  std::atomic<uint32_t> chunk_units{0};  // units delivered in chunks so far
  std::atomic<uint32_t> cell{0};         // of its phase, class and tenant in a lane
  std::atomic<uint16_t> pipeline{0};
  std::atomic<uint8_t> class_id{0};
  std::atomic<uint8_t> tenant{0};
  std::atomic<uint8_t> phase{0};
  std::atomic<uint8_t> flags{0};  // SAGE_REQUEST_*, and `spanned`
  std::atomic<uint8_t> priority{0};
  std::atomic<uint8_t> sampled{0};  // place in the timeline sample; 0 = not in it

  static constexpr uint8_t spanned = 0x80;  // the backend told its spans
};
static_assert(sizeof(Slot) == 64);

class SlotTable {
 public:
  enum class Claim { claimed, late, duplicate, unexpected };

  // At least `capacity` requests may be outstanding (rounded up to a power of two, at most 2^24).
  explicit SlotTable(uint64_t capacity);

  // [feed] The next free slot and its new id, or null when all in reach are taken. Fill the slot, then call `publish`.
  Slot* allocate(uint64_t& id) {
    auto& slot = slots_[cursor_];
    const auto state = slot.state.load(std::memory_order_acquire);
    if ((state & 3) != free) [[unlikely]]
      return search(id);
    id = ((state >> 2) + 1) << index_bits | cursor_;
    cursor_ = (cursor_ + 1) & (active_.load(std::memory_order_relaxed) - 1);
    return &slot;
  }
  static void publish(Slot& slot, uint64_t id) {
    HOST_INVARIANT(phase_of(slot) == free, "a slot is published that is not free");
    HOST_INVARIANT(id >> index_bits == (slot.state.load() >> 2) + 1, "a slot's generations follow each other");
    slot.state.store(id >> index_bits << 2 | outstanding, std::memory_order_release);
  }

  // [any] Takes an outstanding request for its terminal outcome: exactly one caller gets `claimed`, and must `release`.
  // The locked exchange is what is left of the cost of a completion (5 ns): it must be decided between threads.
  Claim claim(uint64_t id, Slot*& slot) {
    const auto index = id & index_mask;
    const auto generation = id >> index_bits;
    if (index >= capacity_ || generation == 0) return Claim::unexpected;
    slot = &slots_[index];
    auto expected = generation << 2 | outstanding;
    if (slot->state.compare_exchange_strong(expected, generation << 2 | ending, std::memory_order_acq_rel)) [[likely]]
      return Claim::claimed;
    return claim_refused(id, expected);
  }
  static void release(Slot& slot) {
    HOST_INVARIANT(phase_of(slot) == ending, "a slot is released that nobody claimed");
    slot.state.store((slot.state.load(std::memory_order_relaxed) & ~uint64_t{3}) | free, std::memory_order_release);
  }
  // [any] The slot of `id` will be claimed soon.
  void prefetch(uint64_t id) const { __builtin_prefetch(&slots_[id & (capacity_ - 1)], 1); }
  // [any] The slot if `id` is outstanding now, else null. For chunks and spans.
  Slot* find(uint64_t id);
  // [any] Why there is none: `late` = given up by the host, `duplicate` = ended, `unexpected` = never issued.
  Claim why_none(uint64_t id);

  // Claims, for a timeout or at the end, each outstanding request due at or before `due_ns`: visit(slot, id), then
  // released. Their later outcomes count as late, not as duplicates.
  template <class Visit>
  void expire(int64_t due_ns, Visit&& visit) {
    const auto size = active_.load(std::memory_order_relaxed);
    for (uint64_t index = 0; index < size; ++index) {
      auto& slot = slots_[index];
      auto state = slot.state.load(std::memory_order_acquire);
      if ((state & 3) != outstanding || slot.due_ns.load(std::memory_order_relaxed) > due_ns) continue;
      if (!slot.state.compare_exchange_strong(state, (state & ~uint64_t{3}) | ending, std::memory_order_acq_rel))
        continue;
      const auto id = state >> 2 << index_bits | index;
      remember_expired(id);
      visit(slot, id);
      release(slot);
    }
  }

  [[nodiscard]] uint64_t capacity() const { return capacity_; }

 private:
  enum Phase : uint64_t { free = 0, outstanding = 1, ending = 2 };
  static constexpr int index_bits = 24;
  static constexpr uint64_t index_mask = (uint64_t{1} << index_bits) - 1;
  static constexpr size_t remembered_max = 1 << 20;

  [[maybe_unused]] static uint64_t phase_of(const Slot& slot) { return slot.state.load(std::memory_order_relaxed) & 3; }
  Slot* search(uint64_t& id);
  Claim claim_refused(uint64_t id, uint64_t state);
  void remember_expired(uint64_t id);
  bool forget_expired(uint64_t id);

  uint64_t capacity_;
  std::unique_ptr<Slot[]> slots_;
  // Slots in use are kept among the first `active_`, which doubles when crowded: a small run stays in the cache, and
  // the timeout scan is short.
  std::atomic<uint64_t> active_;
  uint64_t cursor_ = 0;       // feed thread
  std::mutex expired_mutex_;  // off the hot path: only for outcomes that match nothing
  std::unordered_set<uint64_t> expired_;
  bool expired_overflow_ = false;
};

}  // namespace host::engine
