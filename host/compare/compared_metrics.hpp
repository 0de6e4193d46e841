// Which metrics are compared, and where a record keeps them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compare/comparison.hpp"

namespace host::compare {

// What one record has of the metrics that are compared, in the order in which they are shown. A metric that it names
// but could not measure has no value.
struct RecordMetric {
  ComparedMetric metric;
  std::optional<double> value;
  std::string reason;  // why there is none, as the record says
};

std::vector<RecordMetric> metrics_of(const ResultRecord& record);

}  // namespace host::compare
