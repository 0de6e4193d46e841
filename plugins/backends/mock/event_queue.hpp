// The future of the simulation: a heap of small events, ties broken by the order in which they were scheduled.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

namespace mock {

struct Event {
  int64_t at_ns = 0;
  uint64_t order = 0;
  uint32_t replica = 0;
  uint32_t generation = 0;  // of the replica when scheduled; another one by now = the event is void
};

class EventQueue {
 public:
  void schedule(int64_t at_ns, uint32_t replica, uint32_t generation) {
    heap_.push({at_ns, order_++, replica, generation});
  }
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] const Event& top() const { return heap_.top(); }
  void pop() { heap_.pop(); }

 private:
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.at_ns != b.at_ns ? a.at_ns > b.at_ns : a.order > b.order;
    }
  };
  std::priority_queue<Event, std::vector<Event>, Later> heap_;  // as many as replicas that execute: a few thousand
  uint64_t order_ = 0;
};

}  // namespace mock
