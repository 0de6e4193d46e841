// "Did you mean": the candidate at the smallest edit distance.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace host::base {

// The candidate nearest to `name`, if any is near enough to suggest.
std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& candidates);

// " (did you mean 'rate'?)", or nothing if no candidate is near.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace host::base
