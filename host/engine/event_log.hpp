// The control events of a run: issued by the feed, confirmed by the backend's threads through `event_done`, told to the
// writers by the collector.
#pragma once

#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/invariant.hpp"
#include "records/rows.hpp"

namespace host::engine {

class EventLog {
 public:
  static constexpr size_t max = 100'000;  // a soak with more events keeps the first ones; the stream has them all

  // [feed] Ids count from 1.
  void issued(records::EventRecord record) {
    const std::scoped_lock lock(mutex_);
    HOST_INVARIANT(records_.size() == max || record.id == records_.size() + 1, "the ids of events follow each other");
    if (record.kind == "fault" || record.kind == "reconfigure") disturbing_.push_back({record.id, record.issued_s});
    changed_.push_back(record);
    if (records_.size() < max) records_.push_back(std::move(record));
  }
  // [any] The backend's report: only the first one on an event says how it ended. False: there is no such event.
  bool confirmed(uint64_t id, double at_s, bool ok, std::string_view text) {
    const std::scoped_lock lock(mutex_);
    if (id == 0 || id > records_.size()) return false;
    ++records_[id - 1].confirmations;
    end(records_[id - 1], at_s, ok, text);
    return true;
  }
  // [feed] The backend cannot do it, and said so at once.
  void refused(uint64_t id, double at_s, std::string_view text) {
    const std::scoped_lock lock(mutex_);
    if (id <= records_.size()) end(records_[id - 1], at_s, false, text);
  }
  // [settle] What changed since the last call.
  std::vector<records::EventRecord> take_changed() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(changed_, {});
  }
  struct Disturbing {
    uint64_t id;
    double issued_s;
  };
  // [settle] Faults and reconfigurations since the last call.
  std::vector<Disturbing> take_disturbing() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(disturbing_, {});
  }
  [[nodiscard]] std::vector<records::EventRecord> all() const {
    const std::scoped_lock lock(mutex_);
    return records_;
  }

 private:
  void end(records::EventRecord& record, double at_s, bool ok, std::string_view text) {
    if (record.confirmed_s) return;
    record.confirmed_s = at_s;
    record.status = ok ? "done" : "failed";
    if (!text.empty()) record.text = text;
    changed_.push_back(record);
  }

  mutable std::mutex mutex_;
  std::vector<records::EventRecord> records_;
  std::vector<records::EventRecord> changed_;
  std::vector<Disturbing> disturbing_;
};

}  // namespace host::engine
