// Runs a cell in a process of its own and tells how that ended: a plugin that crashes, hangs or exits costs one cell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "cell/cell_spec.hpp"
#include "cell/process.hpp"

namespace host::cell {

// The user's wish to stop (SIGINT, SIGTERM, SIGHUP), as a count. While an instance lives, these signals do not end the
// process.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  [[nodiscard]] int fd() const { return fd_; }  // readable when a signal has arrived
  // Takes what has arrived; signals less than 100 ms apart count once (timeout(1) sends two).
  int count();

 private:
  int fd_ = -1;
  int count_ = 0;
  int64_t last_ns_ = 0;
};

struct CellEnd {
  enum class Kind {
    finished,  // the result is written; `exit` says how it is
    refused,   // ended by itself before there was a result: `reason` is its error
    crashed,   // by a signal
    hung,      // killed because a plugin call did not return
    vanished,  // exited without a word: a plugin called exit()
    killed,    // did not end after it was asked to stop
  };
  Kind kind = Kind::finished;
  base::Exit exit = base::Exit::ok;
  std::string reason;  // one line; empty if all is well
  std::string signal;  // "SIGSEGV"; empty if none
  std::string place;   // "backend.submit of 'threads'"; empty if not known
  uint64_t offered = 0;
  uint64_t done = 0;
};

// What its wait status and the page that it shared say. `killed_for`: it was killed by the supervisor, for this call
// (engine/watch.hpp) that did not return, or 0 because it did not stop.
CellEnd how_it_ended(int status, const CellShared& shared, const CellSpec& cell,
                     const std::optional<uint32_t>& killed_for);

// Returns when the cell's process has ended.
CellEnd supervise(const CellSpec& cell, StopSignals& stop);

}  // namespace host::cell
