#include "engine/slots.hpp"

#include <algorithm>
#include <bit>

namespace host::engine {

namespace {
constexpr uint64_t first_active = 1024;
}

SlotTable::SlotTable(uint64_t capacity)
    : capacity_(std::min(std::bit_ceil(std::max<uint64_t>(capacity, 1)), index_mask + 1)),
      slots_(std::make_unique<Slot[]>(capacity_)),
      active_(std::min(capacity_, first_active)) {}

// The next slot is taken.
Slot* SlotTable::search(uint64_t& id) {
  for (;;) {
    const auto active = active_.load(std::memory_order_relaxed);
    for (uint64_t tried = 0; tried < active; ++tried) {
      const auto index = cursor_;
      cursor_ = (cursor_ + 1) & (active - 1);
      auto& slot = slots_[index];
      const auto state = slot.state.load(std::memory_order_acquire);
      if ((state & 3) == free) {
        id = ((state >> 2) + 1) << index_bits | index;
        // a search that went far means that the table is crowded
        if (tried > active / 2 && active < capacity_) active_.store(active * 2, std::memory_order_relaxed);
        return &slot;
      }
    }
    if (active == capacity_) return nullptr;
    cursor_ = active;
    active_.store(active * 2, std::memory_order_relaxed);
  }
}

// `state` is what the claim found instead of an outstanding request of this id.
SlotTable::Claim SlotTable::claim_refused(uint64_t id, uint64_t state) {
  if (id >> index_bits > state >> 2) return Claim::unexpected;  // never issued
  return forget_expired(id) ? Claim::late : Claim::duplicate;
}

Slot* SlotTable::find(uint64_t id) {
  const auto index = id & index_mask;
  if (index >= capacity_) return nullptr;
  auto& slot = slots_[index];
  return slot.state.load(std::memory_order_acquire) == (id >> index_bits << 2 | outstanding) ? &slot : nullptr;
}

SlotTable::Claim SlotTable::why_none(uint64_t id) {
  const auto index = id & index_mask;
  const auto generation = id >> index_bits;
  if (index >= capacity_ || generation == 0) return Claim::unexpected;
  if (generation > slots_[index].state.load(std::memory_order_acquire) >> 2) return Claim::unexpected;
  const std::scoped_lock lock(expired_mutex_);
  return expired_overflow_ || expired_.contains(id) ? Claim::late : Claim::duplicate;
}

void SlotTable::remember_expired(uint64_t id) {
  const std::scoped_lock lock(expired_mutex_);
  if (expired_.size() < remembered_max)
    expired_.insert(id);
  else
    expired_overflow_ = true;
}

bool SlotTable::forget_expired(uint64_t id) {
  const std::scoped_lock lock(expired_mutex_);
  return expired_.erase(id) != 0 || expired_overflow_;
}

}  // namespace host::engine
