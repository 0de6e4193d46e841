#include "workloads/q2/control_mix.hpp"

SAGE_PLUGIN(workloads::q2::ControlMix)
