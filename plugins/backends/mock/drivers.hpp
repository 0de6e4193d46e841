// The processes between the host and the nodes: each takes its share of the requests, one at a time, in their order.
#pragma once

#include <sage/abi.h>

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "mock/options.hpp"
#include "mock/topology.hpp"

namespace mock {

class Drivers {
 public:
  // `topology` outlives this.
  Drivers(const Topology& topology, const Options& options)
      : topology_(topology), cost_ns_(options.driver_ns), free_ns_(options.drivers, 0) {}

  [[nodiscard]] bool cost_nothing() const { return cost_ns_ == 0; }
  void take(int64_t now_ns, uint32_t slot, const sage_request& row);
  // When the next request leaves its driver; INT64_MAX = none is there.
  [[nodiscard]] int64_t next_ns() const { return leaving_.empty() ? INT64_MAX : leaving_.top().at_ns; }
  [[nodiscard]] bool empty() const { return leaving_.empty(); }
  uint32_t leave();  // not empty; gives its slot

 private:
  struct Leaving {
    int64_t at_ns;
    uint64_t order;  // of those that leave at once
    uint32_t slot;
    bool operator>(const Leaving& other) const {
      return at_ns != other.at_ns ? at_ns > other.at_ns : order > other.order;
    }
  };
  const Topology& topology_;
  int64_t cost_ns_;
  std::vector<int64_t> free_ns_;  // when each has done what it has
  std::priority_queue<Leaving, std::vector<Leaving>, std::greater<>> leaving_;
  uint64_t order_ = 0;
};

}  // namespace mock
