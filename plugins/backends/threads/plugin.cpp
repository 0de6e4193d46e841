#include <sage/plugin.hpp>

#include "backend.hpp"

SAGE_PLUGIN(threads::ThreadsBackend)
