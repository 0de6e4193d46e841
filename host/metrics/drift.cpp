#include "metrics/drift.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "metrics/definitions.hpp"

namespace host::metrics {
namespace {

// A slope a hour of something watched for seconds is an extrapolation of noise.
constexpr double span_s_min = 60;
constexpr size_t points_min = 8;
constexpr double s_per_hour = 3600;

Metric slope(const char* name, std::span<const Point> points, double per_unit) {
  const double span_s = points.empty() ? 0 : points.back().t_s - points.front().t_s;
  if (points.size() < points_min || span_s < span_s_min)
    return missing(name, fmt::format("needs {} points over {:.0f} s, has {} over {:.1f} s", points_min, span_s_min,
                                     points.size(), span_s));
  return measured(name, *theil_sen(points) * s_per_hour / per_unit);
}

}  // namespace

std::optional<double> theil_sen(std::span<const Point> points) {
  std::vector<double> slopes;
  slopes.reserve(points.size() * points.size() / 2);
  for (size_t i = 0; i < points.size(); ++i)
    for (size_t k = i + 1; k < points.size(); ++k)
      if (const double dt = points[k].t_s - points[i].t_s; dt != 0)
        slopes.push_back((points[k].value - points[i].value) / dt);
  if (slopes.empty()) return std::nullopt;
  const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>(slopes.size() / 2);
  std::nth_element(slopes.begin(), middle, slopes.end());
  if (slopes.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(slopes.begin(), middle)) / 2;
}

void MemoryDrift::sample(double t_s, uint64_t resident_bytes) {
  sum_.t_s += t_s;
  sum_.value += static_cast<double>(resident_bytes);
  if (++sampled_ < per_point_) return;
  const auto n = static_cast<double>(sampled_);
  points_.push_back({sum_.t_s / n, sum_.value / n});
  sum_ = {};
  sampled_ = 0;
  if (points_.size() < points_max) return;
  for (size_t i = 0; i < points_max / 2; ++i) {
    const auto& a = points_[2 * i];
    const auto& b = points_[2 * i + 1];
    points_[i] = {(a.t_s + b.t_s) / 2, (a.value + b.value) / 2};
  }
  points_.resize(points_max / 2);
  per_point_ *= 2;
}

Metric MemoryDrift::metric() const {
  if (points_.empty()) return not_counted("memory_drift");
  return slope("memory_drift", points_, 1 << 20);
}

void TailDrift::open(int64_t at_ns) {
  if (slices_.size() == slices_max) {
    for (size_t i = 0; i < slices_max / 2; ++i) {
      auto merged = std::move(slices_[2 * i]);
      merged.begin_ns = std::min(merged.begin_ns, slices_[2 * i + 1].begin_ns);
      merged.end_ns = std::max(merged.end_ns, slices_[2 * i + 1].end_ns);
      merged.response.merge(slices_[2 * i + 1].response);
      slices_[i] = std::move(merged);
    }
    slices_.resize(slices_max / 2);
    per_slice_ *= 2;
  }
  slices_.push_back({at_ns, at_ns, {}});
}

Metric TailDrift::metric() const {
  std::vector<Point> points;
  for (const auto& slice : slices_) {
    if (slice.response.count() < per_slice_) continue;  // the last one, not full
    const auto middle_ns = slice.begin_ns + (slice.end_ns - slice.begin_ns) / 2;
    points.push_back({static_cast<double>(middle_ns) / 1e9, static_cast<double>(slice.response.quantile(0.99))});
  }
  return slope("p99_drift", points, 1e6);
}

}  // namespace host::metrics
