// The report: one HTML file that needs nothing else.
#pragma once

#include <string>

#include "compare/comparison.hpp"

namespace host::report {

// Right for one run, no data, failed runs and hundreds of them. Reads the runs' folders for curves.
std::string html_report(const compare::Comparison& comparison, const compare::ResultSet& results);

}  // namespace host::report
