// The driver processes of one runtime. One, as a rule; more where one Python process is less than the runtime can
// carry.
//
// The first starts the runtime, tells the record of it and carries out control events; the others join it, and hear
// from the first what has changed. Requests are dealt among them by number, or by key where a stage's state is kept by
// the request's key: so requests of one key go one way, in their order.
#pragma once

#include <sage/plugin.hpp>

#include <atomic>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "bridge/bridge.hpp"

namespace bridge {

class Drivers {
 public:
  // [main] The processes end with the thread that starts them. `by_key`, by pipeline: its requests are dealt by key.
  // Throws sage::Failure, after ending what was started.
  Drivers(sage::Host host, const BridgeConfig& config, sage::Json run, size_t count, std::vector<bool> by_key);
  Drivers(const Drivers&) = delete;
  Drivers& operator=(const Drivers&) = delete;
  ~Drivers() { close(); }

  size_t submit(std::span<const sage_request> rows);                           // [feed]
  void control(const sage_event& event) { drivers_.front()->control(event); }  // [feed]
  // Throws sage::Failure when one of them broke down: what it had was completed as errors.
  bool drain(int64_t timeout_ns);
  void close();
  std::vector<Bridge::Stats> stats();

 private:
  void spawn(BridgeConfig config);
  [[nodiscard]] size_t driver_of(const sage_request& row) const;
  void pass_on(size_t from, std::string_view json);

  const sage::Host host_;
  const std::vector<bool> by_key_;
  std::vector<std::unique_ptr<Bridge>> drivers_;
  std::atomic<bool> open_{false};  // all have started: none is heard before
  // Of the feed.
  std::vector<std::vector<sage_request>> shares_;
  std::vector<size_t> room_;
};

}  // namespace bridge
