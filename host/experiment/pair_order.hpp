// In which order a paired run takes its backends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace host::experiment {

// For each block an order of the backends, by their indices. Blocks come in twos: a random order, then its reverse (A
// B, B A). So after an even number of blocks no backend was early more often than another, and a drift of the machine
// that is steady over the two cancels. The orders are drawn from the seed; `stream` tells workloads of one run apart.
std::vector<std::vector<size_t>> backend_orders(size_t backends, size_t blocks, uint64_t seed, uint64_t stream);

}  // namespace host::experiment
