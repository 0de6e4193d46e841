// A backend whose runtime is driven from Python: finds the environment and the files, starts the bridge, and hands the
// backend's calls on to it. What differs between runtimes is data.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/drivers.hpp"

namespace bridge {

class PythonBackend : public sage::Backend {
 public:
  // `id` is the backend's: its environment is envs/<id>, its runtime the module <id>_runtime.py.
  PythonBackend(sage::Host host, std::string_view id, const sage::Json& options);

  void open(const sage_run& run) override;
  size_t submit(std::span<const sage_request> rows) override { return drivers_->submit(rows); }
  void control(const sage_event& event) override { drivers_->control(event); }
  bool drain(int64_t timeout_ns) override { return drivers_->drain(timeout_ns); }
  void close() override;
  sage_stats stats() override;

 private:
  [[nodiscard]] sage::Json describe(const sage_run& run) const;

  const sage::Host host_;
  const std::string id_;
  const sage::Json options_;
  std::unique_ptr<Drivers> drivers_;
  // What stats() gave last.
  std::vector<sage_node_stats> node_rows_;
  std::vector<const sage_node_stats*> node_pointers_;
  std::vector<sage_driver> driver_rows_;
  std::vector<const sage_driver*> driver_pointers_;
};

}  // namespace bridge
