#include "metrics/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace host::metrics {

namespace buckets {

int64_t lowest(uint32_t row, uint32_t column) {
  const uint64_t index = (static_cast<uint64_t>(row) << sub_bits) + column;
  if (row < 2) return static_cast<int64_t>(index);
  return static_cast<int64_t>(((index & (row_size - 1)) + row_size) << (row - 1));
}

int64_t middle(uint32_t row, uint32_t column) {
  const auto width = int64_t{1} << (row < 2 ? 0 : row - 1);
  return lowest(row, column) + width / 2;
}

}  // namespace buckets

void Histogram::add_row(uint32_t index) { rows_[index] = std::make_unique<Row>(); }  // zeroed

void Histogram::merge(const Histogram& other) {
  for (uint32_t r = 0; r < buckets::rows; ++r) {
    if (!other.rows_[r]) continue;
    auto& mine = row(r);
    for (uint32_t c = 0; c < buckets::row_size; ++c) mine[c] += (*other.rows_[r])[c];
  }
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

Histogram Histogram::since(const Histogram& earlier) const {
  Histogram difference;
  for (uint32_t r = 0; r < buckets::rows; ++r) {
    if (!rows_[r]) continue;
    for (uint32_t c = 0; c < buckets::row_size; ++c) {
      const auto before = earlier.rows_[r] ? (*earlier.rows_[r])[c] : 0;
      if ((*rows_[r])[c] == before) continue;
      difference.row(r)[c] = (*rows_[r])[c] - before;
      difference.count_ += (*rows_[r])[c] - before;
      // a bucket's middle may lie beyond every value in it
      const auto middle = std::clamp(buckets::middle(r, c), min_, max_);
      difference.min_ = std::min(difference.min_, middle);
      difference.max_ = middle;
    }
  }
  difference.sum_ = sum_ - earlier.sum_;
  return difference;
}

int64_t Histogram::quantile(double q) const {
  if (count_ == 0) return 0;
  const auto rank = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(q * static_cast<double>(count_) - 1e-9)));
  if (rank >= count_) return max_;
  uint64_t seen = 0;
  for (uint32_t r = 0; r < buckets::rows; ++r) {
    if (!rows_[r]) continue;
    for (uint32_t c = 0; c < buckets::row_size; ++c) {
      seen += (*rows_[r])[c];
      if (seen >= rank) return std::clamp(buckets::middle(r, c), min_, max_);
    }
  }
  return max_;
}

uint64_t Histogram::count_at_or_below(int64_t value_ns) const {
  if (value_ns < 0) return 0;
  const auto at = buckets::position(value_ns);
  uint64_t seen = 0;
  for (uint32_t r = 0; r <= at.row; ++r) {
    if (!rows_[r]) continue;
    const auto end = r < at.row ? buckets::row_size : at.column + 1;
    for (uint32_t c = 0; c < end; ++c) seen += (*rows_[r])[c];
  }
  return seen;
}

double Histogram::mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

void Histogram::clear() {
  for (auto& slot : rows_) slot.reset();
  count_ = 0;
  sum_ = 0;
  min_ = INT64_MAX;
  max_ = 0;
}

LaneHistogram::~LaneHistogram() {
  for (auto& slot : rows_) delete slot.load(std::memory_order_relaxed);
}

LaneHistogram::Row* LaneHistogram::add_row(uint32_t index) {
  auto* added = new Row;
  rows_[index].store(added, std::memory_order_release);
  return added;
}

void LaneHistogram::add_to(Histogram& total) const {
  uint64_t added = 0;
  for (uint32_t r = 0; r < buckets::rows; ++r) {
    const auto* mine = rows_[r].load(std::memory_order_acquire);
    if (mine == nullptr) continue;
    auto& theirs = total.row(r);
    for (uint32_t c = 0; c < buckets::row_size; ++c) {
      const auto n = mine->counts[c].load(std::memory_order_relaxed);
      theirs[c] += n;
      added += n;
    }
  }
  if (added == 0) return;
  // the buckets are the truth; sum, min and max may run a few counts ahead or behind while the writer is active
  total.count_ += added;
  total.sum_ += static_cast<double>(sum_.load(std::memory_order_relaxed));
  total.min_ = std::min(total.min_, min_.load(std::memory_order_relaxed));
  total.max_ = std::max(total.max_, max_.load(std::memory_order_relaxed));
}

}  // namespace host::metrics
