#include "workloads/q1/byte_pairs.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "operators/common/text.hpp"

namespace workloads::q1 {
namespace {

constexpr uint32_t bytes = 256;

using Pieces = std::vector<uint32_t>;

Pieces bytes_of(std::string_view word) {
  Pieces out;
  out.reserve(word.size());
  for (const char c : word) out.push_back(static_cast<uint8_t>(c));
  return out;
}

// Every `left` before a `right`, from the front on, becomes `token`.
void merge(std::vector<uint32_t>& pieces, size_t begin, uint32_t left, uint32_t right, uint32_t token) {
  size_t kept = begin;
  for (size_t at = begin; at < pieces.size(); ++at, ++kept) {
    const bool both = pieces[at] == left && at + 1 < pieces.size() && pieces[at + 1] == right;
    pieces[kept] = both ? token : pieces[at];
    if (both) ++at;
  }
  pieces.resize(kept);
}

}  // namespace

BytePairs::BytePairs(std::string_view sample, uint32_t merges) {
  std::map<std::string_view, uint64_t> counts;
  for (const auto word : operators::common::split_words(sample)) ++counts[word];
  std::vector<std::pair<Pieces, uint64_t>> words;
  for (const auto& [word, count] : counts) words.emplace_back(bytes_of(word), count);
  std::unordered_map<uint64_t, uint64_t> frequency;
  for (uint32_t token = bytes; token < bytes + merges; ++token) {
    frequency.clear();
    for (const auto& [pieces, count] : words)
      for (size_t i = 0; i + 1 < pieces.size(); ++i) frequency[pair_of(pieces[i], pieces[i + 1])] += count;
    // of equally frequent ones the smallest: the order of a hash table is the library's own
    std::optional<std::pair<uint64_t, uint64_t>> best;
    for (const auto& [pair, count] : frequency)
      if (!best || count > best->second || (count == best->second && pair < best->first)) best = {pair, count};
    if (!best || best->second < 2) return;
    const auto left = static_cast<uint32_t>(best->first >> 32), right = static_cast<uint32_t>(best->first);
    merged_.emplace(best->first, token);
    for (auto& [pieces, count] : words) merge(pieces, 0, left, right, token);
  }
}

void BytePairs::encode(std::string_view word, std::vector<uint32_t>& out) const {
  const auto begin = out.size();
  for (const char c : word) out.push_back(static_cast<uint8_t>(c));
  for (;;) {
    uint64_t first = 0;
    auto token = UINT32_MAX;  // the merge that was learnt first
    for (size_t i = begin; i + 1 < out.size(); ++i) {
      const auto pair = pair_of(out[i], out[i + 1]);
      const auto found = merged_.find(pair);
      if (found == merged_.end() || found->second >= token) continue;
      token = found->second;
      first = pair;
    }
    if (token == UINT32_MAX) return;
    merge(out, begin, static_cast<uint32_t>(first >> 32), static_cast<uint32_t>(first), token);
  }
}

}  // namespace workloads::q1
