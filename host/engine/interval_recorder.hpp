// The interval records: what all lanes have counted since the last one, beside the noise of the machine meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <vector>

#include "engine/feed.hpp"
#include "engine/session.hpp"
#include "engine/watch.hpp"
#include "machine/noise.hpp"
#include "records/rows.hpp"

namespace host::engine {

// [settle]
class IntervalRecorder {
 public:
  IntervalRecorder(Session& session, const Feed& feed, CallWatch* watch);

  // When the interval that is under way ends. After `most` of them they are twice as long from there on. Where nothing
  // has happened for a minute's worth of intervals they grow longer, each twice the one before, until something does.
  static constexpr uint64_t most = 100'000;
  [[nodiscard]] int64_t next_ns() const { return next_ns_; }
  // Something was offered in an interval that had grown: it ends now.
  [[nodiscard]] bool cut_short() const {
    return next_ns_ - begin_ns_ > 2 * length_ns_ && session_.ledger->offered() != offered_before_;
  }
  // Ends it now.
  records::Interval take(int64_t now_ns);
  [[nodiscard]] bool warming_up() const;

  // A sleep of the collector that should have ended at `due_ns` did at `now_ns`.
  void woke(int64_t due_ns, int64_t now_ns);
  // The load is over: noise does not matter any more.
  void end_of_load();
  // Not while the feed runs.
  [[nodiscard]] nlohmann::ordered_json noise();

 private:
  [[nodiscard]] metrics::Counters class_total(size_t class_id) const;
  void plan_next(int64_t now_ns, bool idle);
  void take_classes(records::Interval& record);
  void take_noise(records::Interval& record);
  [[nodiscard]] machine::Gaps all_gaps() const;

  Session& session_;
  const Feed& feed_;
  CallWatch* watch_;
  int64_t length_ns_;
  int64_t next_ns_;
  int64_t begin_ns_;
  unsigned idle_ = 0;   // intervals in a row in which nothing happened
  uint64_t taken_ = 0;  // since they last grew longer

  // before the interval that is under way, for the difference
  std::vector<metrics::Counters> before_;  // by class
  std::array<uint64_t, metrics::outcome_count> outcomes_before_{};
  uint64_t offered_before_ = 0;
  int64_t blocked_before_ns_ = 0;
  metrics::Histogram lateness_before_;

  std::optional<machine::Noise> noise_;  // in real time
  machine::Gaps gaps_;                   // that the collector saw
  size_t gaps_before_ = 0;
  std::optional<machine::CpuUse> last_use_;             // of the interval that the load's end cuts short
  std::optional<nlohmann::ordered_json> noise_record_;  // set when the load is over
};

}  // namespace host::engine
