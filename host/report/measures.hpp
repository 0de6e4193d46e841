// Every metric that the records of one configuration name, side by side.
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace host::report {

// What one side measured, over its repetitions whose status is ok.
struct SideValues {
  std::vector<double> values;
  std::string reason;  // why there are none
};

struct Measure {
  std::string scope;  // as of ComparedMetric, and "stage:<name>"
  std::string name;   // of the definitions
  std::string unit;
  std::vector<SideValues> sides;  // as ComparedConfig::sides
};

// In the records' order, by scope.
std::vector<Measure> measures_of(const compare::ComparedConfig& config);

// Null if there is none.
const Measure* find_measure(const std::vector<Measure>& all, std::string_view scope, std::string_view name);
// Null if it was not compared.
const compare::MetricResult* find_result(const compare::ComparedConfig& config, std::string_view candidate,
                                         std::string_view scope, std::string_view name);

}  // namespace host::report
