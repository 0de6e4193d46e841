#include "machine/gaps.hpp"

#include <algorithm>

namespace host::machine {

void Gaps::add(const Gap& gap) {
  if (gaps_.size() < kept_max)
    gaps_.push_back(gap);
  else
    ++left_out_;
}

void Gaps::merge(const Gaps& other) {
  gaps_.insert(gaps_.end(), other.gaps_.begin(), other.gaps_.end());
  left_out_ += other.left_out_;
  std::ranges::sort(gaps_, {}, &Gap::begin_ns);
  std::vector<Gap> merged;
  for (const auto& gap : gaps_) {
    if (merged.empty() || gap.begin_ns > merged.back().end_ns)
      merged.push_back(gap);
    else
      merged.back().end_ns = std::max(merged.back().end_ns, gap.end_ns);
  }
  gaps_ = std::move(merged);
}

int64_t Gaps::total_ns() const {
  int64_t total = 0;
  for (const auto& gap : gaps_) total += gap.end_ns - gap.begin_ns;
  return total;
}

Gaps::Gap Gaps::longest() const {
  const auto it = std::ranges::max_element(gaps_, {}, [](const Gap& gap) { return gap.end_ns - gap.begin_ns; });
  return it == gaps_.end() ? Gap{} : *it;
}

}  // namespace host::machine
