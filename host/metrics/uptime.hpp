// Availability in time: of the slices of the run in which there was something to serve, the share in which something
// was served.
#pragma once

#include <cstdint>

#include "metrics/metric.hpp"

namespace host::metrics {

class Uptime {
 public:
  // Slices are a tenth of a hold window long.
  explicit Uptime(double hold_window_s) : slice_ns_(static_cast<int64_t>(hold_window_s * 1e8)) {}

  // [settle] A measured request ended ok.
  void ok() { ++ok_; }
  // When `tick` is next due; INT64_MAX before the first measured request.
  [[nodiscard]] int64_t next_ns() const { return next_ns_; }
  void start(int64_t at_ns, uint64_t offered) {
    next_ns_ = at_ns + slice_ns_;
    offered_ = offered;
    ok_ = 0;
  }
  // `in_flight`: outstanding now.
  void tick(int64_t now_ns, uint64_t offered, uint64_t in_flight);
  // availability, 0..1.
  [[nodiscard]] Metric metric() const;

 private:
  const int64_t slice_ns_;
  int64_t next_ns_ = INT64_MAX;
  uint64_t offered_ = 0;    // at the begin of the slice
  uint64_t in_flight_ = 0;  // likewise
  uint64_t ok_ = 0;         // in the slice
  uint64_t served_ = 0;     // in all slices
  uint64_t loaded_slices_ = 0;
  uint64_t down_slices_ = 0;
};

}  // namespace host::metrics
