// Everything that a record has measured, whether or not it is compared.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compare/results.hpp"

namespace host::report {

struct NamedValue {
  std::string
      scope;  // "total", "class:chat", "phase:burst", "phase:burst/class:chat", "stage:embed", "event:kill-worker"
  std::string name;
  std::optional<double> value;
  std::string unit;    // empty = not known
  std::string reason;  // why there is no value, as the record says
};

// Each scope and name once. Records of the Python package have their columns alone.
std::vector<NamedValue> all_metrics(const compare::ResultRecord& record);

}  // namespace host::report
