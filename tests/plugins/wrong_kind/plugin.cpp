// A backend whose manifest says that it is a workload.
#include "instant.hpp"

SAGE_PLUGIN(Instant)
