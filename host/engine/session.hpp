// What the threads of a run share.
//
// Threads: main opens and closes, feed paces and submits, collector ("settle") merges, judges and writes; the backend's
// own threads call the host's services. In virtual time one thread plays all of them in turn.
#pragma once

#include <sage/abi.h>

#include <atomic>
#include <memory>
#include <string>

#include "engine/clock.hpp"
#include "engine/event_log.hpp"
#include "engine/host_services.hpp"
#include "engine/ledger.hpp"
#include "engine/phases.hpp"
#include "engine/plugin_calls.hpp"
#include "engine/run_config.hpp"

namespace host::engine {

struct Session {
  explicit Session(const EngineConfig& c) : config(c), clock(c.virtual_time), services(config, clock, events) {}
  // Creates both plugins, reads the workload's description and opens the ledger. Throws Error.
  void create(const EngineInput& input, CallWatch* watch);

  // From `create` on.
  [[nodiscard]] uint32_t asked_nodes() const {
    return workload.nodes.empty() ? config.nodes : static_cast<uint32_t>(workload.nodes.size());
  }

  const EngineConfig config;  // a copy: services may be called after `run` returned
  Clock clock;
  EventLog events;
  HostServices services;
  WorkloadCalls workload;
  BackendCalls backend;
  // What the backend was opened with. Plugins may keep pointers into it until `close` returned.
  std::string workload_library;
  sage_run run{};
  std::unique_ptr<Ledger> ledger;              // from `create` on
  Phases phases;                               // feed
  std::atomic<const char*> phase_name{"run"};  // for intervals; points into the phases' names
  std::atomic<int64_t> blocked_ns{0};          // the backend refused rows for so long
};

}  // namespace host::engine
