// One metric of two sides: its ratio, its tests and what they come to.
#pragma once

#include "compare/comparison.hpp"

namespace host::compare {

// Fills in the statistics and the verdict from the values.
void judge_metric(MetricResult& result, double margin, double confidence);

}  // namespace host::compare
