// A measured value, or the reason why there is none; never a 0 that was not measured.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

namespace host::metrics {

struct Metric {
  std::string name;
  std::optional<double> value;
  std::string reason;  // set exactly when `value` is not
  // It was measured to be less than this, and how much less the instrument cannot tell: `value` is not set.
  std::optional<double> below = {};
};

inline Metric measured(std::string name, double value) { return {std::move(name), value, {}}; }
inline Metric missing(std::string name, std::string reason) {
  return {std::move(name), std::nullopt, std::move(reason)};
}

inline Metric below_resolution(std::string name, double bound_s) {
  return {std::move(name), std::nullopt, fmt::format("below the resolution of {:.3g} s", bound_s), bound_s};
}
// The value if it is at least what can be resolved.
inline Metric resolved(std::string name, double value_s, double resolution_s) {
  return value_s < resolution_s ? below_resolution(std::move(name), resolution_s) : measured(std::move(name), value_s);
}

}  // namespace host::metrics
