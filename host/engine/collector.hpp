// The collector: takes finished rows from all lanes, lets the workload judge them, expires overdue requests, and tells
// the writers.
#pragma once

#include <sage/plugin.hpp>

#include <atomic>
#include <exception>
#include <span>
#include <vector>

#include "engine/feed.hpp"
#include "engine/harness_meter.hpp"
#include "engine/interval_recorder.hpp"
#include "engine/over_time.hpp"
#include "engine/session.hpp"
#include "records/writer.hpp"

namespace host::engine {

class Collector {
 public:
  Collector(Session& session, Feed& feed, std::span<records::Writer* const> writers, CallWatch* watch);

  // Real time: the body of the collector thread; returns after `finish_soon`.
  void run();
  void finish_soon() { finishing_.store(true, std::memory_order_release); }
  // One round: rows, timeouts, and an interval record if one is due. Returns how many rows there were.
  size_t step(int64_t now_ns);
  // Virtual time: when the next round is due.
  [[nodiscard]] int64_t next_ns() const;

  // After the load, before the drain; not while `run` does.
  void offering_ended() { harness_.offering_ended(); }
  // After the drain: what is still outstanding ends as unfinished, and noise does not matter any more.
  void expire_all(int64_t now_ns);
  // After the backend was closed: the rest of the rows, the last interval, the workload's verdict.
  void conclude(records::RunResult& result, int64_t now_ns);
  void fill(records::RunResult& result);
  // After the load, while `run` does not: what it came to if it ended now, outstanding requests being unfinished.
  void fill_so_far(records::RunResult& result);

 private:
  size_t take_rows();
  size_t take_batch(Lane& lane);
  void observe(const DoneRow& done, uint64_t offered);
  void follow(int64_t now_ns);
  [[nodiscard]] uint64_t measured_offered() const;
  void judge();
  void release();
  void tell_judge_error();
  void end_interval(int64_t now_ns);
  void tell_events();
  void fill_counts(records::RunResult& result);
  void fill_cells(records::RunResult& result) const;
  void fill_ledger(records::RunResult& result) const;
  void fill_nodes(records::RunResult& result) const;

  Session& session_;
  Ledger& ledger_;
  Feed& feed_;
  std::vector<records::Writer*> writers_;
  IntervalRecorder intervals_;
  HarnessMeter harness_;
  const int64_t timeout_ns_;
  const bool settles_;
  bool releases_;              // until `release` fails
  const sage::Draw log_draw_;  // which requests the log has, if it is a sample
  int64_t next_expiry_ns_;
  int64_t concluded_ns_ = 0;
  std::atomic<bool> finishing_{false};

  OverTime over_time_;
  std::vector<uint16_t> first_stage_;  // by pipeline; no_stage if that is keyed
  static constexpr uint16_t no_stage = UINT16_MAX;

  std::vector<uint64_t> wrong_by_cell_;
  uint64_t wrong_ = 0;
  uint64_t passed_ = 0;
  uint64_t unchecked_ = 0;
  bool judging_ = true;             // until `settle` fails: what ends from there on is counted and not judged
  std::exception_ptr judge_error_;  // that it did, until it is told
  // of one batch
  std::vector<sage_outcome> outcomes_;
  std::vector<const DoneRow*> judged_rows_;
  std::vector<uint32_t> verdicts_;
  std::vector<uint64_t> released_;
  std::vector<records::RequestRow> logged_;
};

}  // namespace host::engine
