#include "workloads/q6/burst_town.hpp"

SAGE_PLUGIN(workloads::q6::BurstTown)
