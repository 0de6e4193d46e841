// Built without the version script: what it exports could meet another plugin's symbols.
#include "instant.hpp"

extern "C" SAGE_EXPORT int sage_test_extra_symbol() { return 1; }

SAGE_PLUGIN(Instant)
