#include "metrics/balance.hpp"

#include <cmath>
#include <numeric>

namespace host::metrics {

double jain_index(const std::vector<double>& x) {
  const double sum = std::accumulate(x.begin(), x.end(), 0.0);
  const double squares = std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
  return sum * sum / (static_cast<double>(x.size()) * squares);
}

double sigma_balance(const std::vector<double>& x) {
  const auto n = static_cast<double>(x.size());
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  double squares = 0;
  for (const double value : x) squares += (value - mean) * (value - mean);
  return 1 - std::sqrt(squares / n) / mean;
}

}  // namespace host::metrics
