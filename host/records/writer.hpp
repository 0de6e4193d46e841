// A writer turns a run into a file or a screen. Three verbs: begin a run, take what happens, finish.
#pragma once

#include <span>

#include "records/rows.hpp"

namespace host::records {

// `begin` and `finish` are called first and last, by the main thread; in between, what happens is told by the collector
// thread alone. A writer that cannot write throws Error.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual void begin(const RunInfo& info) = 0;
  virtual void take(const Interval& /*interval*/) {}
  virtual void take(const EventRecord& /*event*/) {}
  virtual void take(std::span<const RequestRow> /*rows*/) {}
  // From the end of the load on, before each call that a plugin may not return from: what the run came to so far. Told
  // by the main thread while the collector rests.
  virtual void keep(const RunInfo& /*info*/, const RunResult& /*result*/) {}
  virtual void finish(const RunInfo& info, const RunResult& result) = 0;
};

}  // namespace host::records
