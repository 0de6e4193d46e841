// Byte pair encoding (Sennrich et al., ACL 2016): words as sequences of the pieces that are most frequent in a sample.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace workloads::q1 {

// Immutable after construction. Tokens 0 to 255 are bytes, those above are merges, in the order in which they were
// learnt.
class BytePairs {
 public:
  // Learns at most `merges` from the words of `sample`; fewer when no pair of pieces occurs twice.
  BytePairs(std::string_view sample, uint32_t merges);
  // Appends the tokens of one word.
  void encode(std::string_view word, std::vector<uint32_t>& out) const;
  [[nodiscard]] size_t merges() const { return merged_.size(); }

 private:
  static uint64_t pair_of(uint32_t left, uint32_t right) { return uint64_t{left} << 32 | right; }

  std::unordered_map<uint64_t, uint32_t> merged_;  // token of a pair
};

}  // namespace workloads::q1
