// Drives a runtime in a child process: the host's half of the bridge. The child's half is python/bridge_main.py.
//
// Threads: main starts, drains and closes; feed submits and sends control events; one thread of the bridge receives.
#pragma once

#include <sage/plugin.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bridge/channel.hpp"
#include "bridge/child.hpp"
#include "bridge/in_flight.hpp"
#include "bridge/packet.hpp"

namespace bridge {

struct BridgeConfig {
  std::string name;  // of the runtime, for messages: "ray"
  Child::Program program;
  size_t in_flight_max = 0;
  int64_t start_timeout_ns = 0;  // for the child's hello and the runtime's start together, from its spawn on
  int64_t close_timeout_ns = 0;  // for the runtime's orderly end; then it is killed
  bool joins = false;            // a runtime that another driver started, and told the record of
  std::function<void(std::string_view)> peer;  // gets what it says to other drivers; on the bridge's thread
};

class Bridge {
 public:
  // [main] Starts the child, which ends with the thread that started it. Throws sage::Failure.
  Bridge(sage::Host host, BridgeConfig config);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  // [any] Starts the child's runtime, or joins it, with `run`. Throws sage::Failure.
  void start(const sage::Json& run);

  // [feed] How many rows it takes at least. A child that does not read takes none.
  size_t room();
  size_t submit(std::span<const sage_request> rows);  // [feed]
  void control(const sage_event& event);              // [feed]
  // [any] Hands on what another driver said.
  void tell(std::string_view json) { channel_->send(FrameType::peer, json); }
  // What others need to join the runtime, as it said when it was ready.
  [[nodiscard]] const sage::Json& to_join() const { return to_join_; }
  // Throws sage::Failure when the child broke down: what it had was completed as errors.
  bool drain(int64_t timeout_ns);
  void close();

  struct Stats {
    uint64_t resident_bytes = 0;
    std::vector<double> busy_ns;   // by node
    std::vector<double> capacity;  // likewise
    std::vector<uint32_t> driver_pids;
    double operator_cpu_ns = -1;  // of operators that the child executes itself; -1 = they run elsewhere
  };
  Stats stats();

 private:
  void add_driver(const sage::Json& said, const char* key);
  void calibrate();
  Frame expect(FrameType type, int64_t timeout_ns, const std::string& doing);
  [[noreturn]] void fail_to_start(const std::string& doing, Channel::Receive received);
  void serve();
  void receive_results(const Frame& frame);
  void add_result(const PacketView& packet, int64_t done_ns);
  void deliver();
  void receive_answer(const Frame& frame);
  void receive_metadata(std::string_view json);
  void break_down(const std::string& why);
  void complete_as_errors(std::span<const uint64_t> ids);

  const sage::Host host_;
  const BridgeConfig config_;
  const int64_t spawned_ns_;
  std::unique_ptr<Channel> channel_;
  std::unique_ptr<Child> child_;
  std::thread receiver_;
  std::atomic<bool> closing_{false};

  sage::Json to_join_;  // set while it starts

  std::mutex mutex_;
  std::condition_variable all_ended_;
  InFlight in_flight_;
  std::string broken_;  // why; empty = it works
  std::vector<double> busy_ns_, capacity_;
  double operator_cpu_ns_ = 0;  // of all results
  bool operators_in_child_ = false;
  std::vector<uint32_t> driver_pids_;  // of the interpreter, not of its guard, and of what it drives through

  // Of the receiver.
  std::vector<sage_span> spans_;
  std::vector<sage_completion> rows_;
  uint64_t errors_logged_ = 0;
};

}  // namespace bridge
