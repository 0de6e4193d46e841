// Q4 ScaleFrontier: the load of Q2, of which the host searches the largest rate that meets the objectives on each
// number of nodes (search = "capacity" in its manifest).
#include "workloads/q2/control_mix.hpp"

SAGE_PLUGIN(workloads::q2::ControlMix)
