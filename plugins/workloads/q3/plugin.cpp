#include "workloads/q3/noisy_neighbor.hpp"

SAGE_PLUGIN(workloads::q3::NoisyNeighbor)
