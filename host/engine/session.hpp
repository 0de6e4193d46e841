// The state of a run that its threads share, and the host services that plugins call.
//
// Threads: main opens and closes, feed paces and submits, collector ("settle") merges, judges and writes; the backend's
// own threads call `complete`. In virtual time one thread plays all of them in turn.
#pragma once

#include <sage/abi.h>

#include <atomic>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/clock.hpp"
#include "engine/engine.hpp"
#include "engine/lane.hpp"
#include "engine/parity.hpp"
#include "engine/phases.hpp"
#include "engine/plugin_calls.hpp"
#include "engine/slots.hpp"
#include "engine/timeline.hpp"

namespace host::engine {

struct PendingEvent {
  uint64_t id;
  int32_t status;
  std::string text;
  int64_t at_ns;
};

class Session {
 public:
  Session(const EngineConfig& config, const EngineInput& input, CallWatch* watch);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Creates both plugins and reads the workload's description. Throws Error.
  void create();

  // [any] Terminal outcome of a claimed slot, from a completion or the host's own decision (timeout, unfinished).
  void finish(Lane& lane, Slot& slot, metrics::Outcome outcome, const sage_completion* completion, int64_t at_ns);
  [[nodiscard]] uint64_t done() const;  // terminal outcomes so far
  [[nodiscard]] uint64_t in_flight() const { return offered.load(std::memory_order_relaxed) - done(); }
  // Reports from event_done since the last call.
  std::vector<PendingEvent> take_event_reports();
  [[nodiscard]] std::vector<records::SeriesSummary> series_summaries() const;
  [[nodiscard]] nlohmann::json metadata() const;  // what the plugins said about the run
  [[nodiscard]] const sage_host* services() const { return &services_; }

  const EngineConfig config;  // a copy: services may be called after `run` returned
  Clock clock;
  WorkloadCalls workload;
  BackendCalls backend;
  std::unique_ptr<SlotTable> slots;
  std::unique_ptr<Lanes> lanes;
  Parity parity;
  TimelineSample timeline;
  Phases phases;   // feed
  Wake feed_wake;  // the feed waits for completions (closed loop, back-pressure)

  int64_t start_ns = 0;                           // of the schedule, on the run's clock
  std::atomic<int64_t> window_end_ns{INT64_MAX};  // absolute; completions later than this count for no throughput
  std::atomic<uint64_t> offered{0};               // warm-up included
  bool keep_rows = true;                          // someone looks at single requests; set before the first
  std::atomic<bool> closed{false};                // the backend's close has returned
  std::atomic<const char*> phase_name{"run"};     // for intervals; points into interned names
  std::atomic<int64_t> blocked_ns{0};

 private:
  struct Series {
    records::SeriesSummary summary;
    double sum = 0;
  };
  static Session& of(void* ctx) { return *static_cast<Session*>(ctx); }
  void complete(const sage_completion* rows, uint64_t n);
  void complete_one(Lane& lane, const sage_completion& row, int64_t now_ns);
  [[nodiscard]] records::RequestRow row_of(const Slot& slot, metrics::Outcome outcome,
                                           const sage_completion* completion, int64_t at_ns) const;
  void chunk(Lane& lane, const sage_completion& row, int64_t at_ns);
  void spans(const sage_span* rows, uint64_t n);
  uint32_t open_series(std::string_view name, std::string_view unit);
  void emit(const sage_record* rows, uint64_t n);
  void set_metadata(std::string_view key, std::string_view value);
  void log(int32_t level, std::string_view text) const;

  sage_host services_{};
  const EngineInput& input_;
  CallWatch* watch_;
  mutable std::ofstream log_file_;
  mutable std::mutex log_mutex_;
  mutable std::mutex mutex_;  // for what is rare: events and series
  std::vector<PendingEvent> event_reports_;
  std::vector<Series> series_;
  nlohmann::json metadata_ = nlohmann::json::object();
};

}  // namespace host::engine
