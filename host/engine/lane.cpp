#include "engine/lane.hpp"

#include <stdexcept>

namespace host::engine {

thread_local uint64_t Lanes::cached_owner = 0;
thread_local Lane* Lanes::cached_lane = nullptr;

void LaneCell::add_to(metrics::Counters& total) const {
  total.offered += offered.get();
  for (size_t i = 0; i < metrics::outcome_count; ++i) total.outcomes[i] += outcomes[i].get();
  total.slo_met += slo_met.get();
  total.ok_in_window += ok_in_window.get();
  total.slo_in_window += slo_in_window.get();
  total.units_out += units_out.get();
  response.add_to(total.response);
  service.add_to(total.service);
  dispatch.add_to(total.dispatch);
  ttft.add_to(total.ttft);
  ttft_service.add_to(total.ttft_service);
  tpot.add_to(total.tpot);
  itl.add_to(total.itl);
}

LaneNodes::~LaneNodes() {
  for (auto& block : blocks_) delete block.load(std::memory_order_relaxed);
}

LaneNodes::Block* LaneNodes::add_block(size_t index) {
  auto* added = new Block;
  blocks_[index].store(added, std::memory_order_release);
  return added;
}

Lane::~Lane() {
  for (auto& cell : cells_) delete cell.load(std::memory_order_relaxed);
}

LaneCell* Lane::add_cell(size_t index) {
  auto* added = new LaneCell;
  cells_[index].store(added, std::memory_order_release);
  return added;
}

namespace {
std::atomic<uint64_t> next_serial{1};
}

Lanes::Lanes(const LaneShape& shape) : shape_(shape), serial_(next_serial.fetch_add(1)) {}

Lane& Lanes::add_mine() {
  const std::scoped_lock lock(mutex_);
  const auto n = count_.load(std::memory_order_relaxed);
  if (n < max) {
    lanes_[n] = std::make_unique<Lane>(shape_);
    cached_lane = lanes_[n].get();
    count_.store(n + 1, std::memory_order_release);
  } else {
    // more threads than any backend has reason for: a lane has one writer, so going on would miscount
    throw std::length_error("more than 4096 of its threads complete requests; lower --parallelism");
  }
  cached_owner = serial_;
  return *cached_lane;
}

}  // namespace host::engine
