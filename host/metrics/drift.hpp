// Slow change over a run: the backend's memory and the latency tail, as slopes. Bounded memory: when a series is full,
// neighbours are merged and each point stands for twice as much time, so a day costs what a minute costs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "metrics/histogram.hpp"
#include "metrics/metric.hpp"

namespace host::metrics {

struct Point {
  double t_s = 0;
  double value = 0;
};

// The median of the slopes through all pairs of points (Theil 1950, Sen 1968): up to 29 % of outliers do not move it.
// Absent without two different times.
std::optional<double> theil_sen(std::span<const Point> points);

// At most 512 points, each the mean of equally many samples.
class MemoryDrift {
 public:
  void sample(double t_s, uint64_t resident_bytes);
  // memory_drift, MiB/h.
  [[nodiscard]] Metric metric() const;

 private:
  static constexpr size_t points_max = 512;
  std::vector<Point> points_;
  Point sum_;             // of the samples that the next point will stand for
  uint64_t sampled_ = 0;  // how many those are
  uint64_t per_point_ = 1;
};

// At most 32 slices of the run, each with a histogram (about 0.1 MB) and with at least the 1000 responses of a p99.
class TailDrift {
 public:
  void take(int64_t done_ns, int64_t response_ns) { take(done_ns, response_ns, buckets::position(response_ns)); }
  void take(int64_t done_ns, int64_t response_ns, buckets::Position at) {
    if (slices_.empty() || slices_.back().response.count() >= per_slice_) [[unlikely]]
      open(done_ns);
    auto& slice = slices_.back();
    // those of several threads do not come in order
    slice.begin_ns = std::min(slice.begin_ns, done_ns);
    slice.end_ns = std::max(slice.end_ns, done_ns);
    slice.response.record(response_ns, at, 1);
  }
  // p99_drift, ms/h.
  [[nodiscard]] Metric metric() const;

 private:
  struct Slice {
    int64_t begin_ns = 0;
    int64_t end_ns = 0;
    Histogram response;
  };
  static constexpr size_t slices_max = 32;
  void open(int64_t at_ns);
  std::vector<Slice> slices_;
  uint64_t per_slice_ = 1000;
};

}  // namespace host::metrics
