// Before a crash of this process ends it: which plugin call it happened in, told to the supervisor.
#pragma once

#include "engine/watch.hpp"

namespace host::cell {

// For SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT; the signal then takes its course. `watch` lives as long as the
// process.
void install_crash_handler(engine::CallWatch& watch);

}  // namespace host::cell
