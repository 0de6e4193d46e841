// A measured value, or the reason why there is none; never a 0 that was not measured.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace host::metrics {

struct Metric {
  std::string name;
  std::optional<double> value;
  std::string reason;  // set exactly when `value` is not
};

inline Metric measured(std::string name, double value) { return {std::move(name), value, {}}; }
inline Metric missing(std::string name, std::string reason) {
  return {std::move(name), std::nullopt, std::move(reason)};
}

}  // namespace host::metrics
