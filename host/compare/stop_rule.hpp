// When enough has been repeated: "latency_p99 +-5%".
#pragma once

#include <string>
#include <string_view>

namespace host::compare {

// The ratio of a metric is to be known to within a share, by two_stage.hpp.
struct StopRule {
  std::string scope = "total";  // "class:chat"
  std::string metric;           // of those that are compared there
  double share = 0.05;          // between ratio / (1 + share) and ratio * (1 + share)
};

// "METRIC +-SHARE" or "SCOPE/METRIC ±SHARE". Throws Error(usage) that quotes the text and tells what is wrong with it.
StopRule parse_stop_rule(std::string_view text);
// As parse_stop_rule() reads it: "class:chat/latency_p99 +-5%".
std::string to_text(const StopRule& rule);

}  // namespace host::compare
