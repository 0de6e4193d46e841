// Questions to a workload that is called directly.
#pragma once

#include <string>

#include "conformance/requirement.hpp"

namespace host::conformance {

std::string plans_alike(const CallCase& of);
std::string judges_in_any_order(const CallCase& of);
std::string judges_losses(const CallCase& of);
std::string operators_keep_time(const CallCase& of);

}  // namespace host::conformance
