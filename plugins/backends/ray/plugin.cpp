#include "bridge/python_backend.hpp"

SAGE_PLUGIN(bridge::PythonBackend)
