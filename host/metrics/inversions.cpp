#include "metrics/inversions.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <map>

#include "metrics/definitions.hpp"

namespace host::metrics {

void Inversions::judge(size_t n) {
  seen_ += n;
  for (const auto& row : rows_) levels_seen_[row.priority / 64] |= uint64_t{1} << row.priority % 64;
  const auto forget = [&] { rows_.erase(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(n)); };
  // With one priority there is nothing to judge, and no order to bring them in but which go first.
  if (std::ranges::all_of(rows_, [&](const Begun& row) { return row.priority == rows_.front().priority; })) {
    std::ranges::nth_element(rows_, rows_.begin() + static_cast<std::ptrdiff_t>(n), {}, &Begun::begun_ns);
    return forget();
  }
  std::sort(rows_.begin(), rows_.end(), [](const Begun& a, const Begun& b) { return a.begun_ns < b.begun_ns; });
  std::map<uint16_t, std::pair<std::vector<Begun>, size_t>> stages;  // with how many are judged now
  for (size_t i = 0; i < rows_.size(); ++i) {
    auto& [rows, judged] = stages[rows_[i].stage];
    rows.push_back(rows_[i]);
    if (i < n) ++judged;
  }
  for (const auto& [stage, of] : stages) judge_stage(of.first, of.second);
  forget();
}

// `rows` in the order in which they began. Backwards, so that for each row the later ones are known.
void Inversions::judge_stage(const std::vector<Begun>& rows, size_t n) {
  std::vector<uint8_t> levels;
  for (const auto& row : rows)
    if (std::find(levels.begin(), levels.end(), row.priority) == levels.end()) levels.push_back(row.priority);
  if (levels.size() < 2) return;
  std::array<int64_t, 256> earliest_sent;  // among those that begin later, by priority
  earliest_sent.fill(INT64_MAX);
  std::array<std::vector<int64_t>, 256> begun;  // by priority, ascending
  for (const auto& row : rows) begun[row.priority].push_back(row.begun_ns);
  for (size_t i = rows.size(); i-- > 0;) {
    const auto& row = rows[i];
    if (i < n) {
      const auto overtakes = std::any_of(levels.begin(), levels.end(), [&](uint8_t level) {
        return level < row.priority && earliest_sent[level] < row.begun_ns;
      });
      if (overtakes) ++overtaking_;
      auto first = row.begun_ns;
      for (const auto level : levels) {
        if (level <= row.priority) continue;
        const auto after = std::upper_bound(begun[level].begin(), begun[level].end(), row.sent_ns);
        if (after != begun[level].end()) first = std::min(first, *after);
      }
      if (first < row.begun_ns) {
        ++overtaken_;
        lost_ns_ += static_cast<double>(row.begun_ns - first);
      }
    }
    // A row that began at the same time did not wait for this one.
    if (i == 0 || rows[i - 1].begun_ns != row.begun_ns) {
      for (size_t k = i; k < rows.size() && rows[k].begun_ns == row.begun_ns; ++k)
        earliest_sent[rows[k].priority] = std::min(earliest_sent[rows[k].priority], rows[k].sent_ns);
    }
  }
}

std::vector<Metric> Inversions::metrics(double window_s) {
  judge(rows_.size());
  int levels = 0;
  for (const auto bits : levels_seen_) levels += std::popcount(bits);
  const char* reason = seen_ == 0      ? "no request with a known begin at a stage without key"
                       : levels < 2    ? "all requests have one priority"
                       : window_s <= 0 ? "the window has no length"
                                       : nullptr;
  if (reason != nullptr) return {missing("priority_inversion", reason), missing("priority_inversion_wait", reason)};
  return {measured("priority_inversion", static_cast<double>(overtaking_) / window_s),
          overtaken_ == 0 ? not_counted("priority_inversion_wait")
                          : measured("priority_inversion_wait", lost_ns_ / 1e6 / static_cast<double>(overtaken_))};
}

}  // namespace host::metrics
