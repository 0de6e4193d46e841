#include "workloads/q5/hetero_resilience.hpp"

SAGE_PLUGIN(workloads::q5::HeteroResilience)
