// The seeded fault schedule of a soak: a fault every so often, of a kind drawn among those allowed, healed a while
// later.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace workloads::q8 {

struct FaultConfig {
  std::string kinds;  // "kill-worker,slow-node"; empty = all that the backend can do and that lose no state
  double every_s = 30;
  double heal_after_s = 10;
  double slow_factor = 4;
  std::vector<std::string> capabilities;  // of the backend
  std::vector<std::string> stages;        // whose workers are hit
  uint32_t workers = 2;                   // of a stage
  uint32_t nodes = 1;
  bool keeps_state = true;  // a node that dies takes accounts along
};

class FaultSchedule {
 public:
  // Throws sage::Failure(SAGE_INVALID): an unknown kind, one that was named and cannot be done, times out of order.
  FaultSchedule(const FaultConfig& config, uint64_t seed);

  // [feed] The faults and heals due in (the last until_ns, until_ns], in order; times from the start of the schedule.
  std::vector<sage::Event> due(int64_t begin_ns, int64_t until_ns);
  [[nodiscard]] const std::vector<std::string>& kinds() const { return kinds_; }
  // "drop-link: the backend lacks fault.drop-link"
  [[nodiscard]] const std::vector<std::string>& left_out() const { return left_out_; }

 private:
  [[nodiscard]] sage::Event fault(uint64_t n) const;
  FaultConfig config_;
  sage::Draw which_, whom_, where_;
  std::vector<std::string> kinds_, left_out_;
  uint64_t next_ = 0;                // fault
  std::optional<sage::Event> heal_;  // of the last one, still to come
};

}  // namespace workloads::q8
