// A bridge's configuration for tests/bridge/child.py, which behaves as it is told.
#pragma once

#include <stdlib.h>

#include <cstdint>
#include <string>

#include "bridge/bridge.hpp"

inline constexpr int64_t second_ns = 1'000'000'000;

// Its program's folder is new; the guard removes it.
inline bridge::BridgeConfig child_config(const std::string& how, size_t in_flight_max,
                                         int64_t start_timeout_ns = 20 * second_ns) {
  std::string folder = "/tmp/sage-bridge-test-XXXXXX";
  bridge::BridgeConfig config;
  config.name = "child";
  config.program = {GUARD, {PYTHON, "-B", CHILD, BRIDGE_DIR, how}, mkdtemp(folder.data())};
  config.in_flight_max = in_flight_max;
  config.start_timeout_ns = start_timeout_ns;
  config.close_timeout_ns = second_ns;
  return config;
}
