// What a plugin calls when `run` plays the host: keeps what it says, and which rules it breaks.
#pragma once

#include <sage/testing.hpp>

#include <chrono>
#include <mutex>

namespace sage::testing {

// Keeps what plugins say. Its services may be called by any thread.
class StubHost {
 public:
  explicit StubHost(bool virtual_time) : virtual_(virtual_time) {
    table_.struct_size = sizeof table_;
    table_.abi_minor = SAGE_ABI_MINOR;
    table_.ctx = this;
    table_.now_ns = [](void* ctx) { return of(ctx).now_ns(); };
    table_.log = [](void* ctx, int32_t, sage_str text) {
      of(ctx).keep([&](StubHost& h) { h.report.logs.emplace_back(view(text)); });
    };
    table_.fail = [](void* ctx, sage_str text) { of(ctx).keep([&](StubHost& h) { h.failure_ = view(text); }); };
    table_.series = [](void*, sage_str, sage_str) -> uint32_t { return 0; };
    table_.emit = [](void*, const sage_record*, uint64_t) {};
    table_.complete = [](void* ctx, const sage_completion* rows, uint64_t n) {
      of(ctx).keep([&](StubHost& h) {
        for (uint64_t i = 0; i < n; ++i) h.complete(rows[i]);
      });
    };
    table_.spans = [](void* ctx, const sage_span* rows, uint64_t n) {
      of(ctx).keep([&](StubHost& h) {
        for (uint64_t i = 0; i < n; ++i) h.span(rows[i]);
      });
    };
    table_.event_done = [](void* ctx, uint64_t id, sage_status status, sage_str) {
      of(ctx).keep([&](StubHost& h) {
        if (!h.report.events.emplace(id, status).second)
          h.problem("event " + std::to_string(id) + " was confirmed twice");
      });
    };
    table_.get_extension = [](void* ctx, const char* id) -> const void* {
      return std::string_view(id) == SAGE_METADATA_EXTENSION ? &of(ctx).metadata_ : nullptr;
    };
    table_.ready = [](void*) {};
    table_.alive = [](void*, sage_str) {};
    metadata_.struct_size = sizeof metadata_;
    metadata_.set = [](void* ctx, sage_str key, sage_str value) {
      of(ctx).keep(
          [&](StubHost& h) { h.report.metadata[std::string(view(key))] = Json::parse(view(value), nullptr, false); });
    };
  }
  StubHost(const StubHost&) = delete;
  StubHost& operator=(const StubHost&) = delete;

  struct Request {
    sage_request row{};
    int64_t sent_ns = 0;
    bool ended = false;
    sage_completion end{};
    std::string result;
    int64_t first_ns = -1;
  };

  [[nodiscard]] const sage_host* table() const { return &table_; }
  [[nodiscard]] bool is_virtual() const { return virtual_; }
  [[nodiscard]] int64_t now_ns() const {
    if (virtual_) return virtual_now_;
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
  void jump_to(int64_t at_ns) { virtual_now_ = std::max(virtual_now_, at_ns); }
  // Throws what the plugin gave as text unless `status` is SAGE_OK.
  void check(sage_status status, const char* call) {
    if (status == SAGE_OK) return;
    const std::lock_guard lock(mutex_);
    throw std::runtime_error(std::string(call) + ": status " + std::to_string(status) + ": " + failure_);
  }
  template <class Read>
  auto locked(Read&& read) {
    const std::lock_guard lock(mutex_);
    return read();
  }
  void problem(const std::string& text) {
    constexpr size_t most = 100;
    if (report.problems.size() < most) report.problems.push_back(text);
  }

  // Under the lock, or when nothing of the backend runs.
  Report report;
  std::map<uint64_t, Request> requests;  // by id
  std::vector<uint64_t> ended;           // of those, in order, until they are settled
  uint64_t outstanding = 0;
  bool closed = false;

 private:
  static StubHost& of(void* ctx) { return *static_cast<StubHost*>(ctx); }
  template <class Change>
  void keep(Change&& change) {
    const std::lock_guard lock(mutex_);
    change(*this);
  }
  static std::string name(const Request& request) { return "request " + std::to_string(request.row.seq); }

  void complete(const sage_completion& row) {
    if (closed) return problem("a completion after close");
    const auto found = requests.find(row.id);
    if (found == requests.end())
      return problem("a completion of id " + std::to_string(row.id) + ", which was never sent");
    auto& request = found->second;
    if (request.ended) return problem(name(request) + " ended twice, or a chunk came after its end");
    if ((row.flags & ~SAGE_COMPLETION_FLAGS) != 0 || row.status < SAGE_DONE_OK || row.status > SAGE_DONE_CANCELLED)
      problem(name(request) + " ended with status " + std::to_string(row.status) + ", flags " +
              std::to_string(row.flags));
    const auto at = row.at_ns == 0 ? now_ns() : row.at_ns;
    if (at > now_ns()) problem(name(request) + ": a time in the future");
    if (at < request.sent_ns) problem(name(request) + ": a time before it was sent");
    if ((row.flags & SAGE_COMPLETION_PARTIAL) != 0) {
      if (request.first_ns < 0) request.first_ns = at;
      return;
    }
    if (row.begun_ns != 0 && (row.begun_ns < request.sent_ns || row.begun_ns > at))
      problem(name(request) + ": begun before it was sent, or after it ended");
    request.end = row;
    request.end.at_ns = at;
    request.result.assign(static_cast<const char*>(row.result.ptr), static_cast<size_t>(row.result.size));
    request.ended = true;
    ended.push_back(row.id);
    --outstanding;
  }

  void span(const sage_span& row) {
    const auto found = requests.find(row.id);
    if (found == requests.end()) return problem("a span of id " + std::to_string(row.id) + ", which was never sent");
    if (found->second.ended) problem(name(found->second) + ": a span after its end");
    if (row.begin_ns < found->second.sent_ns || row.end_ns < row.begin_ns || row.end_ns > now_ns())
      problem(name(found->second) + ": a span at an impossible time");
  }

  const bool virtual_;
  int64_t virtual_now_ = 1'000'000'000;
  sage_host table_{};
  sage_metadata metadata_{};
  std::mutex mutex_;
  std::string failure_;
};

}  // namespace sage::testing
