// Which requests warm up and which batches of the others are compared between backends: a function of four numbers.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace host::records {

inline constexpr std::string_view sampling_strategy = "deterministic_shuffle_v1";

// A permutation of 0..n-1: Fisher-Yates from the last place down, place i swapped with j = floor(r (i + 1) / 2^64),
// where r is the next output of SplitMix64 started at `seed`.
std::vector<uint64_t> deterministic_shuffle(uint64_t n, uint64_t seed);

// Requests are named by their seq. The warm-up is the head of the schedule, seq 0..warmup-1, because that is what a run
// sends first; the others are shuffled, so that each batch is a random sample of the whole run.
struct ParityPlan {
  std::vector<uint64_t> warmup;
  std::vector<uint64_t> measured;              // in shuffled order
  std::vector<std::vector<uint64_t>> batches;  // `measured`, cut; the last one may be shorter
};
ParityPlan make_parity_plan(uint64_t requests, uint64_t warmup, uint64_t batch_size, uint64_t seed);

}  // namespace host::records
