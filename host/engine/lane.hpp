// What one thread has counted: each completing thread writes its own lane, the collector reads all of them. No lock, no
// shared cache line and no allocation per request.
#pragma once

#include <sage/abi.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/phases.hpp"
#include "engine/row_ring.hpp"
#include "metrics/counters.hpp"
#include "metrics/histogram.hpp"

namespace host::engine {

// Single writer: a relaxed load and store, not a locked addition.
struct LaneCounter {
  std::atomic<uint64_t> value{0};
  void add(uint64_t by = 1) { value.store(value.load(std::memory_order_relaxed) + by, std::memory_order_relaxed); }
  [[nodiscard]] uint64_t get() const { return value.load(std::memory_order_relaxed); }
};

// One phase, class and tenant; see Cell for the meaning.
struct LaneCell {
  LaneCounter offered;
  std::array<LaneCounter, metrics::outcome_count> outcomes;
  LaneCounter slo_met;
  LaneCounter ok_in_window;
  LaneCounter slo_in_window;
  LaneCounter units_out;
  metrics::LaneHistogram response;
  metrics::LaneHistogram service;
  metrics::LaneHistogram dispatch;
  metrics::LaneHistogram ttft;
  metrics::LaneHistogram ttft_service;
  metrics::LaneHistogram tpot;
  metrics::LaneHistogram itl;

  void add_to(metrics::Counters& total) const;
};

struct LaneStage {
  metrics::LaneHistogram wait;
  metrics::LaneHistogram service;
};

// Requests by the node that served them. A block is allocated when one of its nodes first serves: most runs have few.
class LaneNodes {
 public:
  // --nodes allows 100,000, and a run may add some; those beyond are not counted.
  static constexpr size_t max = 131'072;
  LaneNodes() = default;
  ~LaneNodes();
  LaneNodes(const LaneNodes&) = delete;
  LaneNodes& operator=(const LaneNodes&) = delete;

  // [owner]
  void add(uint32_t node) {
    if (node >= max) [[unlikely]]
      return;
    auto* block = blocks_[node / block_size].load(std::memory_order_relaxed);
    if (block == nullptr) [[unlikely]]
      block = add_block(node / block_size);
    (*block)[node % block_size].add();
  }
  // [any]
  [[nodiscard]] uint64_t get(uint32_t node) const {
    const auto* block = node < max ? blocks_[node / block_size].load(std::memory_order_acquire) : nullptr;
    return block == nullptr ? 0 : (*block)[node % block_size].get();
  }

 private:
  static constexpr size_t block_size = 512;
  using Block = std::array<LaneCounter, block_size>;
  Block* add_block(size_t index);
  std::array<std::atomic<Block*>, max / block_size> blocks_{};
};

// Shape of every lane of a run.
struct LaneShape {
  size_t classes = 1;
  size_t tenants = 1;
  size_t stages = 0;
  [[nodiscard]] size_t cells() const { return Phases::max * classes * tenants; }
  [[nodiscard]] size_t cell(size_t phase, size_t class_id, size_t tenant) const {
    return (phase * classes + class_id) * tenants + tenant;
  }
};

class Lane {
 public:
  explicit Lane(const LaneShape& shape) : cells_(shape.cells()), stages_(shape.stages) {}
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // [owner] Allocated when first used: a run touches few of the possible cells.
  LaneCell& cell(size_t index) {
    auto* cell = cells_[index].load(std::memory_order_relaxed);
    if (cell == nullptr) [[unlikely]]
      cell = add_cell(index);
    return *cell;
  }
  LaneStage& stage(size_t index) { return stages_[index]; }
  // [any] Null if nothing was counted there.
  [[nodiscard]] const LaneCell* peek(size_t index) const { return cells_[index].load(std::memory_order_acquire); }
  [[nodiscard]] const LaneStage& peek_stage(size_t index) const { return stages_[index]; }

  RowRing rows;
  LaneNodes served;  // measured requests
  LaneCounter done;  // terminal outcomes, warm-up included
  LaneCounter duplicate;
  LaneCounter unexpected;
  LaneCounter late;
  LaneCounter after_close;
  LaneCounter late_chunks;  // of requests that had ended
  LaneCounter bad_stamps;   // of completions: before the request was sent, out of their order or in the future
  LaneCounter unknown;      // completions with a status or a flag that the ABI does not define
  LaneCounter bad_spans;    // that cannot be, and are in no time of a stage
  LaneCounter rows_dropped;
  LaneCounter results_left_out;                              // too large for the ring
  std::array<LaneCounter, metrics::outcome_count> outcomes;  // warm-up included
  LaneCounter digested;
  std::atomic<uint64_t> digest{0};  // XOR

 private:
  LaneCell* add_cell(size_t index);
  std::vector<std::atomic<LaneCell*>> cells_;
  std::vector<LaneStage> stages_;
};

// The lanes of a run. A thread gets its lane at its first completion and keeps it.
class Lanes {
 public:
  explicit Lanes(const LaneShape& shape);
  // [any] The calling thread's.
  Lane& mine() {
    if (cached_owner == serial_) [[likely]]
      return *cached_lane;
    return add_mine();
  }
  // visit(Lane&) for each lane there is.
  template <class Visit>
  void for_each(Visit&& visit) const {
    const auto n = count_.load(std::memory_order_acquire);
    for (size_t i = 0; i < n; ++i) visit(*lanes_[i]);
  }
  [[nodiscard]] const LaneShape& shape() const { return shape_; }
  static constexpr size_t max = 4096;

 private:
  Lane& add_mine();
  static thread_local uint64_t cached_owner;
  static thread_local Lane* cached_lane;
  LaneShape shape_;
  uint64_t serial_;  // of this object, so that a cached lane of an earlier run is not taken for ours
  std::mutex mutex_;
  std::array<std::unique_ptr<Lane>, max> lanes_;
  std::atomic<size_t> count_{0};
};

}  // namespace host::engine
