// In order but for its manifest, which requires an extension that no host has: refused before it is loaded.
#include "instant.hpp"

SAGE_PLUGIN(Instant)
