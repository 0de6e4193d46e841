// What requirements of both kinds of plugins read from runs.
#pragma once

#include <functional>
#include <string>

#include "conformance/requirement.hpp"

namespace host::conformance {

// Of the runs that have a record and that `concerns` picks: the first one's problem.
std::string in_each(const Evidence& evidence, const std::function<std::string(const Seen&)>& problem,
                    const std::function<bool(const Seen&)>& concerns = nullptr);
// The number at `pointer` is 0 in each.
std::string none_of(const Evidence& evidence, const char* pointer, const char* what);
// Requests of a run that did not end ok.
std::string failures_of(const Seen& run);
// Each run came to an end.
std::string runs(const Evidence& evidence);

}  // namespace host::conformance
