// Work that keeps a core busy and waits for nothing: a text to tokens, and tokens to a signature of features.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace workloads::q1 {

// MinHash (Broder, 1997) with `hashes` functions over the runs of 1 to 5 tokens, each kept by its lowest byte (b-bit
// minwise hashing, Li and Koenig, WWW 2010). Whole numbers alone: the same on every machine and from every compiler.
class MinHash {
 public:
  MinHash(uint64_t seed, size_t hashes);
  // Valid until the next call. As many as there are hashes; texts that share most runs share most of them.
  std::span<const uint8_t> signature(std::span<const uint32_t> tokens);

 private:
  struct Function {
    uint64_t factor, addend;
  };
  std::vector<Function> functions_;
  std::vector<uint32_t> least_;
  std::vector<uint8_t> signature_;
};

// "tokenise": the request's text to sizes and tokens. "features": these to sizes and features. Null for other names.
std::unique_ptr<sage::Operator> open_compute_operator(std::string_view name, const sage::Json& config);

}  // namespace workloads::q1
