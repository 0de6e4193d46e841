// A host that remembers what a backend told it, and lets a test wait for it.
#pragma once

#include <sage/plugin.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fake {

// How long a test waits for what must happen; reached only when it fails.
inline constexpr std::chrono::seconds patience{30};

struct Ending {
  sage_completion row{};  // its result points nowhere any more
  std::string result;
  size_t spans_before = 0;  // how many spans of the request had come
};

class Host {
  static Host& self(void* ctx) { return *static_cast<Host*>(ctx); }
  template <class Change>
  void note(Change change) {
    const std::lock_guard lock(mutex_);
    ++calls_;
    change(*this);
    changed_.notify_all();
  }
  template <class Read>
  auto locked(Read read) {
    const std::lock_guard lock(mutex_);
    return read();
  }
  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, condition);
  }

 public:
  Host() {
    table_.struct_size = sizeof(table_);
    table_.ctx = this;
    table_.now_ns = [](void*) { return now_ns(); };
    table_.log = [](void* ctx, int32_t, sage_str text) {
      self(ctx).note([&](Host& h) { h.logs_.emplace_back(sage::view(text)); });
    };
    table_.fail = [](void*, sage_str) {};
    table_.series = [](void*, sage_str, sage_str) -> uint32_t { return 0; };
    table_.emit = [](void*, const sage_record*, uint64_t) {};
    table_.complete = [](void* ctx, const sage_completion* rows, uint64_t n) {
      self(ctx).note([&](Host& h) { h.on_complete({rows, static_cast<size_t>(n)}); });
    };
    table_.spans = [](void* ctx, const sage_span* rows, uint64_t n) {
      self(ctx).note([&](Host& h) { h.on_spans({rows, static_cast<size_t>(n)}); });
    };
    table_.event_done = [](void* ctx, uint64_t event, sage_status status, sage_str text) {
      self(ctx).note([&](Host& h) {
        h.events_[event] = status;
        h.logs_.emplace_back(sage::view(text));
      });
    };
    table_.get_extension = [](void* ctx, const char* name) -> const void* {
      return std::string_view(name) == SAGE_METADATA_EXTENSION ? &self(ctx).metadata_table_ : nullptr;
    };
    metadata_table_.struct_size = sizeof(metadata_table_);
    metadata_table_.set = [](void* ctx, sage_str key, sage_str json) {
      self(ctx).note([&](Host& h) { h.metadata_[sage::view(key)] = sage::Json::parse(sage::view(json)); });
    };
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  [[nodiscard]] const sage_host* table() const { return &table_; }
  static int64_t now_ns() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  // Everything below may be called while the backend runs.
  bool wait_for_ends(size_t n) {
    return wait([&] { return ends_.size() >= n; });
  }
  bool wait_for_event(uint64_t event, sage_status status = SAGE_OK) {
    return wait([&] { return events_.contains(event); }) && event_status(event) == status;
  }
  [[nodiscard]] bool answered(uint64_t event) {
    return locked([&] { return events_.contains(event); });
  }
  [[nodiscard]] sage_status event_status(uint64_t event) {
    return locked([&] { return events_.at(event); });
  }
  [[nodiscard]] std::map<uint64_t, Ending> ends() {
    return locked([&] { return ends_; });
  }
  [[nodiscard]] std::vector<sage_span> spans(uint64_t id) {
    return locked([&] { return spans_[id]; });
  }
  [[nodiscard]] std::vector<sage_completion> partials() {
    return locked([&] { return partials_; });
  }
  [[nodiscard]] size_t calls() {
    return locked([&] { return calls_; });
  }
  [[nodiscard]] sage::Json metadata() {
    return locked([&] { return metadata_; });
  }
  [[nodiscard]] size_t duplicates() {
    return locked([&] { return duplicates_; });
  }
  [[nodiscard]] size_t logged(const std::string& part) {
    return locked([&] {
      return static_cast<size_t>(std::count_if(logs_.begin(), logs_.end(),
                                               [&](const auto& log) { return log.find(part) != std::string::npos; }));
    });
  }

 private:
  void on_complete(std::span<const sage_completion> rows) {
    for (const auto& row : rows) {
      if ((row.flags & SAGE_COMPLETION_PARTIAL) != 0) {
        partials_.push_back(row);
        continue;
      }
      const std::string result(static_cast<const char*>(row.result.ptr), static_cast<size_t>(row.result.size));
      const auto seen = spans_.find(row.id);
      if (!ends_.try_emplace(row.id, Ending{row, result, seen == spans_.end() ? 0 : seen->second.size()}).second)
        ++duplicates_;
    }
  }
  void on_spans(std::span<const sage_span> rows) {
    for (const auto& row : rows) spans_[row.id].push_back(row);
  }

  sage_host table_{};
  sage_metadata metadata_table_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, Ending> ends_;
  std::map<uint64_t, std::vector<sage_span>> spans_;
  std::vector<sage_completion> partials_;
  std::map<uint64_t, sage_status> events_;
  std::vector<std::string> logs_;
  sage::Json metadata_ = sage::Json::object();
  size_t calls_ = 0;
  size_t duplicates_ = 0;
};

}  // namespace fake
