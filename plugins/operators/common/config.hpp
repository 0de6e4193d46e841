// Reading the JSON of a stage's or a plugin's configuration, checked: a wrong type or range names the member.
#pragma once

#include <sage/plugin.hpp>

#include <limits>
#include <string>
#include <type_traits>

namespace operators::common {

// The member `name`, or `fallback` when absent. Numbers must lie in [low, high].
template <class T>
T read(const sage::Json& config, const char* name, T fallback, T low = std::numeric_limits<T>::lowest(),
       T high = std::numeric_limits<T>::max()) {
  const auto found = config.find(name);
  if (found == config.end()) return fallback;
  // A whole number is also a valid float, never the other way round. Compared as wide as JSON holds it, so that -1 or
  // 2^40 does not wrap into range.
  bool valid = false;
  if constexpr (std::is_floating_point_v<T>) {
    valid = found->is_number() && found->template get<double>() >= low && found->template get<double>() <= high;
  } else if (found->is_number_unsigned()) {
    valid = std::in_range<T>(found->template get<uint64_t>());
  } else if (found->is_number_integer()) {
    valid = std::in_range<T>(found->template get<int64_t>());
  }
  if (valid) valid = found->template get<T>() >= low && found->template get<T>() <= high;
  if (!valid) {
    auto range = std::to_string(low) + " .. " + std::to_string(high);
    throw sage::Failure(SAGE_INVALID,
                        "option '" + std::string(name) + "' is " + found->dump() + "; it must be a number in " + range);
  }
  return found->template get<T>();
}

inline std::string read_text(const sage::Json& config, const char* name, const char* fallback) {
  const auto found = config.find(name);
  if (found == config.end()) return fallback;
  if (!found->is_string())
    throw sage::Failure(SAGE_INVALID, "option '" + std::string(name) + "' is " + found->dump() + "; it must be a text");
  return found->get<std::string>();
}

}  // namespace operators::common
