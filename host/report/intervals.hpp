// The progress of a run in a bounded number of points.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <vector>

namespace host::report {

// Keeps at most `most` interval lines, as they are or merged to pairs, fours, ... of neighbours: a day of seconds takes
// no more than a minute. Lines of the warm-up are not merged with measured ones.
class IntervalSeries {
 public:
  explicit IntervalSeries(size_t most) : most_(most) {}
  void add(nlohmann::ordered_json line);
  [[nodiscard]] std::vector<nlohmann::ordered_json> take() { return std::move(kept_); }

 private:
  void halve();
  size_t most_;
  size_t lines_each_ = 1;  // what a full point holds
  std::vector<nlohmann::ordered_json> kept_;
};

}  // namespace host::report
