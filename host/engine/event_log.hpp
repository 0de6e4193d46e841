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
  // [any] Only the first report on an event counts; one on an event that was never issued is ignored.
  void confirmed(uint64_t id, double at_s, bool ok, std::string_view text) {
    const std::scoped_lock lock(mutex_);
    if (id == 0 || id > records_.size()) return;
    auto& record = records_[id - 1];
    if (record.confirmed_s) return;
    record.confirmed_s = at_s;
    record.status = ok ? "done" : "failed";
    if (!text.empty()) record.text = text;
    changed_.push_back(record);
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
  mutable std::mutex mutex_;
  std::vector<records::EventRecord> records_;
  std::vector<records::EventRecord> changed_;
  std::vector<Disturbing> disturbing_;
};

}  // namespace host::engine
