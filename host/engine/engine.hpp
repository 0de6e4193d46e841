// Runs one workload on one backend and tells the writers. Everything measured comes from here.
#pragma once

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "catalog/plugin.hpp"
#include "engine/watch.hpp"
#include "load/load.hpp"
#include "records/rows.hpp"
#include "records/writer.hpp"

namespace host::engine {

struct EngineConfig {
  load::LoadConfig load;
  uint32_t nodes = 1;
  uint32_t parallelism = 2;
  std::string scheduler = "default";
  bool virtual_time = false;  // the backend simulates its own clock
  double interval_s = 1;
  double hold_window_s = 10;        // as good as before for so long = recovered
  bool log_requests = false;        // hand RequestRows to the writers
  double log_sample = 1;            // share of requests logged, chosen by seq
  int64_t spin_guard_ns = 200'000;  // sleep until this long before a due time, then spin
  int64_t lateness_budget_ns = 0;   // p99; 0 = the larger of 1 ms and 10 % of response p50
  uint64_t parity_check = 0;        // requests to execute again after the run, see parity.hpp
  std::string log_file;             // plugins' log lines are added to it; empty = none
  std::string scratch_dir;          // private folder for the backend
  bool verbose = false;             // print plugin logs of level debug
};

struct EngineInput {
  const catalog::Plugin* workload = nullptr;
  nlohmann::json workload_config;  // the options plus seed, nodes, parallelism, scheduler, quick
  const catalog::Plugin* backend = nullptr;
  nlohmann::json backend_config;  // likewise
};

// `info` is completed (classes, tenants, start time) and handed to the writers before the first request.
// `stop` counts the user's requests to stop: 1 = offer no more, drain and finish; 2 = finish at once.
// Throws Error when the run could not begin; once begun, every ending is a RunResult and the writers' finish was
// called.
records::RunResult run(const EngineConfig& config, const EngineInput& input, records::RunInfo& info,
                       std::span<records::Writer* const> writers, CallWatch* watch, const std::atomic<int>& stop);

}  // namespace host::engine
