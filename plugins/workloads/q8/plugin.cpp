#include "workloads/q8/recovery_soak.hpp"

SAGE_PLUGIN(workloads::q8::RecoverySoak)
