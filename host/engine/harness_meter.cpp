#include "engine/harness_meter.hpp"

#include <sage/abi.h>
#include <unistd.h>

#include <vector>

namespace host::engine {

void HarnessMeter::step() {
  if (begin_ || session_.clock.is_virtual()) return;
  if (session_.ledger->offered() > session_.config.load.warmup_items) begin_ = read();
}

void HarnessMeter::offering_ended() {
  if (begin_) end_ = read();
}

machine::CpuReading HarnessMeter::read() const {
  std::vector<machine::Driver> drivers;
  sage_stats stats{};
  if (session_.backend.stats(stats))
    for (uint64_t i = 0; i < stats.n_drivers; ++i) {
      const auto& driver = *stats.drivers[i];
      drivers.push_back({static_cast<pid_t>(driver.pid), {}});
      if (driver.operator_cpu_ns >= 0) drivers.back().operator_cpu_s = driver.operator_cpu_ns / 1e9;
    }
  const auto done = session_.ledger->done();
  return machine::read_cpu("/", getpid(), drivers, static_cast<double>(session_.clock.now_ns()) / 1e9, done);
}

nlohmann::ordered_json HarnessMeter::record() const {
  if (session_.clock.is_virtual())
    return machine::unmeasured_harness_share("simulated time: the CPU time of this machine is none of the run's");
  if (!begin_ || !end_) return machine::unmeasured_harness_share("no measured request was offered");
  return machine::harness_share(getpid(), *begin_, *end_);
}

}  // namespace host::engine
