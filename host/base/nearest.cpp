#include "base/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/quote.hpp"

namespace host::base {
namespace {

constexpr size_t compared_size_max = 100;  // the distance takes time and memory by the product of the lengths

// '-' and '_' are one, as are cases.
std::string comparable(std::string_view name) {
  auto out = to_lower(name.substr(0, compared_size_max));
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::move(last);
    last = row;
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& candidates) {
  const auto wanted = comparable(name);
  std::optional<std::string> best;
  // A third of the letters may be wrong, and one always, except that a single letter resembles every other.
  auto best_distance = wanted.size() < 2 ? size_t{1} : std::max<size_t>(1, wanted.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    const auto d = distance(wanted, comparable(candidate));
    if (d >= best_distance) continue;
    best_distance = d;
    best = candidate;
  }
  return best;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  const auto meant = nearest(name, candidates);
  return meant ? fmt::format(" (did you mean '{}'?)", *meant) : "";
}

}  // namespace host::base
