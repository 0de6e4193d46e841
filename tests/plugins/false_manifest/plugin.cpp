// The manifest installed beside the library (installed/) claims a capability that the embedded one does not.
#include "instant.hpp"

SAGE_PLUGIN(Instant)
