// A writer turns a run into a file or a screen. Three verbs: begin a run, take what happens, finish.
#pragma once

#include <span>

#include "records/rows.hpp"

namespace host::records {

// All calls come from the collector thread, begin first, finish last. A writer that cannot write throws Error.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual void begin(const RunInfo& info) = 0;
  virtual void take(const Interval& /*interval*/) {}
  virtual void take(const EventRecord& /*event*/) {}
  virtual void take(std::span<const RequestRow> /*rows*/) {}
  virtual void finish(const RunInfo& info, const RunResult& result) = 0;
};

}  // namespace host::records
