#include "workloads/q7/reconfig_drill.hpp"

SAGE_PLUGIN(workloads::q7::ReconfigDrill)
