#include "metrics/uptime.hpp"

#include <fmt/format.h>

namespace host::metrics {

void Uptime::tick(int64_t now_ns, uint64_t offered, uint64_t in_flight) {
  if (now_ns < next_ns_) return;
  if (offered != offered_ || in_flight_ != 0) {
    ++loaded_slices_;
    if (ok_ == 0) ++down_slices_;
  }
  served_ += ok_;
  ok_ = 0;
  offered_ = offered;
  in_flight_ = in_flight;
  next_ns_ += slice_ns_;
  if (next_ns_ <= now_ns) next_ns_ = now_ns + slice_ns_;  // the machine was held up: what lay between is one slice
}

Metric Uptime::metric() const {
  // Fewer, and chance alone leaves slices empty (at 10 a slice, one in 20,000).
  constexpr uint64_t served_min = 10;
  constexpr uint64_t slices_min = 10;
  const auto up = loaded_slices_ - down_slices_;
  const auto slice_s = static_cast<double>(slice_ns_) / 1e9;
  if (loaded_slices_ < slices_min)
    return missing("availability",
                   fmt::format("needs {} slices of {:g} s with load, has {}", slices_min, slice_s, loaded_slices_));
  if (served_ < served_min * up)
    return missing(
        "availability",
        fmt::format("fewer than {} ok requests in a slice of {:g} s: an empty one says little", served_min, slice_s));
  return measured("availability", static_cast<double>(up) / static_cast<double>(loaded_slices_));
}

}  // namespace host::metrics
