// Zipf-distributed ranks: rank r (from 0) has probability proportional to 1 / (r + 1)^exponent.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace operators::common {

// Inversion over a cumulative table: 8 bytes a rank, log2(n) steps a draw, and no rejected draws, so that a rank is a
// function of one uniform number.
class Zipf {
 public:
  Zipf(uint64_t ranks, double exponent) {
    cumulative_.reserve(ranks);
    double sum = 0;
    for (uint64_t r = 1; r <= ranks; ++r) cumulative_.push_back(sum += std::pow(static_cast<double>(r), -exponent));
  }
  // `unit` in [0, 1).
  [[nodiscard]] uint64_t rank(double unit) const {
    const auto at = std::upper_bound(cumulative_.begin(), cumulative_.end(), unit * cumulative_.back());
    return std::min(static_cast<uint64_t>(at - cumulative_.begin()), cumulative_.size() - 1);
  }

 private:
  std::vector<double> cumulative_;
};

}  // namespace operators::common
