// Log-linear (HDR) histogram of durations: 3 significant digits, constant memory, mergeable.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

namespace host::metrics {

// Bucket layout after HdrHistogram (Gil Tene): values below 2048 ns are counted exactly; above, each octave is split
// into 1024 linear buckets, so a bucket is at most 1/1024 of its value wide. Range: 0 .. 2^43-1 ns (2.4 hours); larger
// values are counted in the last bucket and by `max`.
namespace buckets {
inline constexpr int sub_bits = 10;
inline constexpr uint32_t row_size = 1U << sub_bits;
inline constexpr uint32_t rows = 34;
inline constexpr int64_t max_value = (int64_t{1} << (sub_bits + rows - 1)) - 1;

struct Position {
  uint32_t row;
  uint32_t column;
};
// Negative values count as 0.
inline Position position(int64_t value) {
  auto v = static_cast<uint64_t>(value);
  if (v > static_cast<uint64_t>(max_value)) [[unlikely]]
    v = value < 0 ? 0 : static_cast<uint64_t>(max_value);
  // row 0 holds 0..1023, row 1 1024..2047, then one row an octave
  const auto shift = static_cast<uint32_t>(std::bit_width(v | (2 * row_size - 1))) - (sub_bits + 1);
  const auto index = (shift << sub_bits) + static_cast<uint32_t>(v >> shift);
  return {index >> sub_bits, index & (row_size - 1)};
}
// Lowest value of a bucket, and the value that stands for it (its middle).
int64_t lowest(uint32_t row, uint32_t column);
int64_t middle(uint32_t row, uint32_t column);
}  // namespace buckets

// Plain counts: what the collector merges, queries and writes. Not thread-safe.
class Histogram {
 public:
  void record(int64_t value_ns, uint64_t count = 1) {
    if (count != 0) record(value_ns, buckets::position(value_ns), count);
  }
  // For a value that several histograms count: `at` is its position.
  void record(int64_t value_ns, buckets::Position at, uint64_t count) {
    row(at.row)[at.column] += count;
    count_ += count;
    sum_ += static_cast<double>(value_ns) * static_cast<double>(count);
    if (value_ns < min_) min_ = value_ns;
    if (value_ns > max_) max_ = value_ns;
  }
  void merge(const Histogram& other);
  // What was counted since `earlier`, an older state of this histogram. Its min and max are those of its buckets.
  [[nodiscard]] Histogram since(const Histogram& earlier) const;
  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  // Smallest value v such that at least q * count values are <= v, exact to 3 digits; 0 when empty. q in [0, 1].
  [[nodiscard]] int64_t quantile(double q) const;
  // How many values are <= value, to within one bucket.
  [[nodiscard]] uint64_t count_at_or_below(int64_t value_ns) const;
  [[nodiscard]] int64_t min() const { return count_ == 0 ? 0 : min_; }
  [[nodiscard]] int64_t max() const { return max_; }
  [[nodiscard]] double mean() const;
  void clear();

  // For each non-empty bucket in ascending order: visit(value_ns, count).
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (uint32_t row = 0; row < buckets::rows; ++row) {
      if (!rows_[row]) continue;
      for (uint32_t column = 0; column < buckets::row_size; ++column)
        if (const auto n = (*rows_[row])[column]; n != 0) visit(buckets::middle(row, column), n);
    }
  }

 private:
  friend class LaneHistogram;
  using Row = std::array<uint64_t, buckets::row_size>;
  Row& row(uint32_t index) {
    if (!rows_[index]) [[unlikely]]
      add_row(index);
    return *rows_[index];
  }
  void add_row(uint32_t index);
  std::array<std::unique_ptr<Row>, buckets::rows> rows_;  // allocated when first counted in
  uint64_t count_ = 0;
  double sum_ = 0;
  int64_t min_ = INT64_MAX;
  int64_t max_ = 0;
};

// One writer thread counts, another reads at any time: relaxed single-writer atomics, so a count costs what a plain
// increment costs (2 ns). Counts only grow; the reader diffs.
class LaneHistogram {
 public:
  LaneHistogram() = default;
  ~LaneHistogram();
  LaneHistogram(const LaneHistogram&) = delete;
  LaneHistogram& operator=(const LaneHistogram&) = delete;

  // Inlined where it is called: three counts a request are a fifth of what the host costs.
  [[gnu::always_inline]] void record(int64_t value_ns, uint32_t count = 1) {
    const auto at = buckets::position(value_ns);
    auto* row = rows_[at.row].load(std::memory_order_relaxed);
    if (row == nullptr) [[unlikely]]
      row = add_row(at.row);
    auto& bucket = row->counts[at.column];
    bucket.store(bucket.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    sum_.store(sum_.load(std::memory_order_relaxed) + value_ns * count, std::memory_order_relaxed);
    if (value_ns > max_.load(std::memory_order_relaxed)) max_.store(value_ns, std::memory_order_relaxed);
    if (value_ns < min_.load(std::memory_order_relaxed)) min_.store(value_ns, std::memory_order_relaxed);
  }
  // Adds what was counted so far. Any thread.
  void add_to(Histogram& total) const;

 private:
  struct Row {
    std::array<std::atomic<uint64_t>, buckets::row_size> counts{};
  };
  Row* add_row(uint32_t index);
  std::array<std::atomic<Row*>, buckets::rows> rows_{};
  std::atomic<int64_t> sum_{0};
  std::atomic<int64_t> min_{INT64_MAX};
  std::atomic<int64_t> max_{0};
};

}  // namespace host::metrics
