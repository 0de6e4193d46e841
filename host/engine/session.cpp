#include "engine/session.hpp"

namespace host::engine {

void Session::create(const EngineInput& input, CallWatch* watch) {
  workload.create(*input.workload, services.table(), input.workload_config, watch);
  const bool keep_rows = workload.settles() || workload.releases() || workload.has_events() || config.log_requests;
  ledger = std::make_unique<Ledger>(config.load, config.parity_check, keep_rows, workload, clock);
  ledger->nodes.store(asked_nodes());
  services.connect(*ledger);
  backend.create(*input.backend, services.table(), input.backend_config, watch);
  services.on_alive = [this] { return backend.alive(); };
  ledger->note_given_up = backend.cancels();
}

}  // namespace host::engine
