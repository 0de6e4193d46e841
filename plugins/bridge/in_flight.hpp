// The requests that the other side has. Each gets a handle of the bridge's own, so that what comes back is checked: a
// second result, or one for a request that never was, is told apart from the first.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace bridge {

// Not synchronised.
class InFlight {
 public:
  explicit InFlight(size_t capacity) : slots_(capacity) {
    free_.reserve(capacity);
    for (size_t i = capacity; i-- > 0;) free_.push_back(static_cast<uint32_t>(i));
  }
  [[nodiscard]] size_t room() const { return free_.size(); }
  [[nodiscard]] size_t count() const { return slots_.size() - free_.size(); }
  // Needs room. `host_id` is never 0.
  uint64_t add(uint64_t host_id) {
    const auto index = free_.back();
    free_.pop_back();
    auto& slot = slots_[index];
    slot.host_id = host_id;
    slot.open = true;
    return uint64_t{++slot.generation} << 32U | index;
  }
  struct Ended {
    uint64_t host_id = 0;  // 0 = a handle that never was, or whose slot another request has by now
    bool first = false;
  };
  Ended end(uint64_t handle) {
    const auto index = static_cast<uint32_t>(handle);
    if (index >= slots_.size() || slots_[index].generation != handle >> 32U) return {};
    auto& slot = slots_[index];
    if (!slot.open) return {slot.host_id, false};
    slot.open = false;
    free_.push_back(index);
    return {slot.host_id, true};
  }
  // Everything that is still out.
  std::vector<uint64_t> end_all() {
    std::vector<uint64_t> out;
    for (uint32_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].open) {
        slots_[i].open = false;
        free_.push_back(i);
        out.push_back(slots_[i].host_id);
      }
    return out;
  }

 private:
  struct Slot {
    uint64_t host_id = 0;
    uint32_t generation = 0;
    bool open = false;
  };
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;  // last in, first out
};

}  // namespace bridge
