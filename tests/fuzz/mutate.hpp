// Bytes made wrong, the same ones for a seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace fuzz {

using Random = std::mt19937_64;

// One to eight changes: bits, bytes, numbers, tokens that parsers stumble over, parts removed, doubled, moved,
// repeated.
std::string mutate(std::string text, Random& random);

}  // namespace fuzz
