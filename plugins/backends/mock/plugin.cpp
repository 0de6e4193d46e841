#include "mock/backend.hpp"

SAGE_PLUGIN(mock::Backend)
