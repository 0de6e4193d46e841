// What a run is worth: whether it failed, is invalid or was interrupted, and each reason.
#pragma once

#include <vector>

#include "engine/plan.hpp"
#include "engine/run_config.hpp"
#include "records/rows.hpp"

namespace host::engine {

// How the run came to its end, beside what its result says.
struct RunEnd {
  int stops = 0;                               // times that it was told to
  bool out_of_time = false;                    // by the limit of the run as a whole
  bool drained = false;                        // no request was outstanding when the backend was closed
  bool open_loop = false;                      // requests had due times
  std::vector<ControlEvent> events_after_end;  // that the workload said would happen
  std::vector<uint32_t> idle_nodes;            // see participation.hpp
};

// Sets status, exit code, reasons and the note of the drain; the result is complete otherwise.
void judge_run(const EngineConfig& config, const EngineInput& input, const RunEnd& end, records::RunResult& r);

}  // namespace host::engine
