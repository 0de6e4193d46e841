// In order but for its manifest, which requires an ABI minor that the host does not have: refused before it is loaded.
#include "instant.hpp"

SAGE_PLUGIN(Instant)
