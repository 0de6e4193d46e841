// Questions to a backend that is called directly.
#pragma once

#include <string>

#include "conformance/requirement.hpp"

namespace host::conformance {

std::string refuses_unknown(const CallCase& of);

}  // namespace host::conformance
