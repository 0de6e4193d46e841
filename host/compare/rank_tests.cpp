// Tests that look at the order of values alone: no assumption about their distribution.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "compare/statistics.hpp"

namespace host::compare {
namespace {

constexpr size_t exact_max = 20;  // values a side

struct Ranked {
  double sum_of_first = 0;  // ranks of the first sample, from 1, ties at their mean
  double ties = 0;          // sum of t^3 - t over groups of t equal values
};

Ranked rank(std::span<const double> a, std::span<const double> b) {
  std::map<double, std::pair<size_t, size_t>> groups;  // value: how often in all, in the first sample
  for (const double value : a) ++groups[value].first, ++groups[value].second;
  for (const double value : b) ++groups[value].first;
  Ranked out;
  double before = 0;
  for (const auto& [value, counts] : groups) {
    const auto size = static_cast<double>(counts.first);
    out.sum_of_first += static_cast<double>(counts.second) * (before + (size + 1) / 2);
    out.ties += size * size * size - size;
    before += size;
  }
  return out;
}

// P(U >= u) when every order of n + m different values is as likely, from Mann and Whitney's recurrence
// f(n, m, u) = f(n - 1, m, u - m) + f(n, m - 1, u).
double exact_tail(size_t n, size_t m, size_t u) {
  const auto most = n * m;
  // orders[j][u]: of i first and j second values; i grows in place. 40 over 20 is 1.4e11: exact in a double.
  std::vector<std::vector<double>> orders(m + 1, std::vector<double>(most + 1, 0));
  for (auto& row : orders) row[0] = 1;
  for (size_t i = 1; i <= n; ++i) {
    for (size_t j = 1; j <= m; ++j) {
      auto& row = orders[j];
      for (size_t k = most + 1; k-- > 0;) row[k] = (k >= j ? row[k - j] : 0) + orders[j - 1][k];
    }
  }
  const auto& counts = orders[m];
  const auto all = std::accumulate(counts.begin(), counts.end(), 0.0);
  return std::accumulate(counts.begin() + static_cast<std::ptrdiff_t>(u), counts.end(), 0.0) / all;
}

}  // namespace

RankTest mann_whitney(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty()) return {};
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  const auto ranked = rank(a, b);
  RankTest out;
  out.u = ranked.sum_of_first - n * (n + 1) / 2;
  const double larger = std::max(out.u, n * m - out.u);
  if (ranked.ties == 0 && std::max(a.size(), b.size()) <= exact_max) {
    out.p_value = std::min(1.0, 2 * exact_tail(a.size(), b.size(), static_cast<size_t>(larger)));
    return out;
  }
  const double variance = n * m / 12 * (n + m + 1 - ranked.ties / ((n + m) * (n + m - 1)));
  if (variance <= 0) return out;  // all values are equal
  const double z = (larger - n * m / 2 - 0.5) / std::sqrt(variance);
  out.p_value = std::min(1.0, std::erfc(z / std::sqrt(2.0)));
  return out;
}

double cliffs_delta(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty()) return 0;
  double sum = 0;
  for (const double x : a)
    for (const double y : b) sum += y > x ? 1 : y < x ? -1 : 0;
  return sum / (static_cast<double>(a.size()) * static_cast<double>(b.size()));
}

}  // namespace host::compare
