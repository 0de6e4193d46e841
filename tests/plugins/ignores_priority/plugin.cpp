// Serves by arrival, whatever the scheduler is said to be.
#include "worker.hpp"

SAGE_PLUGIN(Worker)
