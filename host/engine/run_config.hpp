// What a run is asked to do: its load, its limits, its two plugins and their options.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "catalog/plugin.hpp"
#include "load/load.hpp"

namespace host::engine {

struct EngineConfig {
  load::LoadConfig load;
  uint32_t nodes = 1;
  uint32_t parallelism = 2;
  std::string scheduler = "default";
  bool virtual_time = false;  // the backend simulates its own clock
  double interval_s = 1;
  double open_timeout_s = 120;
  double longest_s = 0;             // the load has ended by then, or is ended by who supervises; 0 = nobody does
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

}  // namespace host::engine
