// Runs one workload on one backend and tells the writers. Everything measured comes from here.
#pragma once

#include <atomic>
#include <span>

#include "engine/run_config.hpp"
#include "engine/watch.hpp"
#include "records/rows.hpp"
#include "records/writer.hpp"

namespace host::engine {

inline constexpr const char* no_memory = "no memory was left: lower --max-in-flight, --parallelism or the load";

// `info` is completed (classes, tenants, start time) and handed to the writers before the first request.
// `stop` counts the user's requests to stop: 1 = offer no more, drain and finish; 2 = finish at once.
// Throws Error when the run could not begin; once begun, every ending is a RunResult and the writers' finish was
// called.
records::RunResult run(const EngineConfig& config, const EngineInput& input, records::RunInfo& info,
                       std::span<records::Writer* const> writers, CallWatch* watch, const std::atomic<int>& stop);

}  // namespace host::engine
