// Priority inversions (Sha, Rajkumar, Lehoczky 1990), found from when requests were sent and when they began: a request
// that begins while a more urgent one, sent before, still waits for the same stage. Looks at the stage where requests
// begin, the only one whose queue a backend tells of through `begun`; not at keyed stages, where the host cannot see
// which replica a request waits for.
#pragma once

#include <cstdint>
#include <vector>

#include "metrics/metric.hpp"

namespace host::metrics {

// Constant memory: the last 16,384 requests are judged against each other, in the order in which they began; one that
// overtakes by more than half of that goes unnoticed.
class Inversions {
 public:
  struct Begun {
    int64_t sent_ns;
    int64_t begun_ns;
    uint16_t stage;
    uint8_t priority;  // 0 is the most urgent
  };
  void take(const Begun& begun) {
    rows_.push_back(begun);
    if (rows_.size() == rows_max) judge(rows_max / 2);
  }
  // The rest is judged. `window_s` is what the rate refers to.
  [[nodiscard]] std::vector<Metric> metrics(double window_s);

 private:
  static constexpr size_t rows_max = 16'384;
  // Judges the `n` that began first, and forgets them.
  void judge(size_t n);
  void judge_stage(const std::vector<Begun>& rows, size_t n);

  std::vector<Begun> rows_;
  uint64_t seen_ = 0;
  uint64_t levels_seen_[4] = {};  // a bit for each priority
  uint64_t overtaking_ = 0;       // began while a more urgent one waited
  uint64_t overtaken_ = 0;        // waited while a less urgent one began
  double lost_ns_ = 0;            // by those: from the first that overtook until they began
};

}  // namespace host::metrics
