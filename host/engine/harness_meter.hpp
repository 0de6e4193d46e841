// Takes what the harness used of the CPU in the measured window: one reading at its begin, one when nothing more is
// offered. Both open the stat file of every process, on threads on which no request waits.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "engine/session.hpp"
#include "machine/harness_share.hpp"

namespace host::engine {

// [settle]
class HarnessMeter {
 public:
  explicit HarnessMeter(Session& session) : session_(session) {}

  // In each round: the first one within the measured window takes the first reading.
  void step();
  void offering_ended();
  [[nodiscard]] nlohmann::ordered_json record() const;

 private:
  [[nodiscard]] machine::CpuReading read() const;

  Session& session_;
  std::optional<machine::CpuReading> begin_;
  std::optional<machine::CpuReading> end_;
};

}  // namespace host::engine
