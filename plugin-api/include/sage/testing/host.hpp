// What a plugin calls when `run` plays the host: keeps what it says, and which rules it breaks.
#pragma once

#include <sage/testing.hpp>

#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

namespace sage::testing {

// Keeps what plugins say. Its services may be called by any thread.
class StubHost {
 public:
  explicit StubHost(bool virtual_time) : virtual_(virtual_time) {
    make(for_backend_);
    // What is a backend's to say. Null would be a crash of the plugin's; this is a line that says why.
    make(for_workload_);
    for_workload_.complete = [](void* ctx, const sage_completion*, uint64_t) { of(ctx).not_yours("complete"); };
    for_workload_.spans = [](void* ctx, const sage_span*, uint64_t) { of(ctx).not_yours("spans"); };
    for_workload_.event_done = [](void* ctx, uint64_t, sage_status, sage_str) { of(ctx).not_yours("event_done"); };
    for_workload_.ready = [](void* ctx) { of(ctx).not_yours("ready"); };
    for_workload_.alive = [](void* ctx, sage_str) { of(ctx).not_yours("alive"); };
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

  [[nodiscard]] const sage_host* for_backend() const { return &for_backend_; }
  [[nodiscard]] const sage_host* for_workload() const { return &for_workload_; }
  [[nodiscard]] bool is_virtual() const { return virtual_; }
  [[nodiscard]] int64_t now_ns() const {
    if (virtual_) return virtual_now_;
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
  void jump_to(int64_t at_ns) { virtual_now_ = std::max(virtual_now_, at_ns); }
  // Throws what the plugin gave as text unless `status` is SAGE_OK.
  void check(sage_status status, const char* call) {
    const std::lock_guard lock(mutex_);
    const auto said = failures_.extract(std::this_thread::get_id());
    const auto text = said.empty() ? std::string() : said.mapped();
    if (status == SAGE_OK) return;
    const auto failed = std::string(call) + ": status " + std::to_string(status);
    if (status < SAGE_OK || status > SAGE_TIMEOUT) out_of_turn(failed + ", which there is not");
    if (text.empty()) out_of_turn(failed + " without a text of the thread that returned it");
    throw std::runtime_error(failed + ": " + text);
  }
  template <class Read>
  auto locked(Read&& read) {
    const std::lock_guard lock(mutex_);
    return read();
  }
  void problem(const std::string& text) { add(report.problems, text); }
  void out_of_turn(const std::string& text) {
    problem(text);
    add(report.out_of_turn, text);
  }

  // Under the lock, or when nothing of the backend runs.
  Report report;
  std::map<uint64_t, Request> requests;  // by id
  std::vector<uint64_t> ended;           // of those, in order, until they are settled
  uint64_t outstanding = 0;
  uint64_t events_issued = 0;  // their ids count from 1
  bool opening = false;
  bool closed = false;

 private:
  void make(sage_host& table) {
    table.struct_size = sizeof table;
    table.abi_minor = SAGE_ABI_MINOR;
    table.ctx = this;
    table.now_ns = [](void* ctx) { return of(ctx).now_ns(); };
    table.log = [](void* ctx, int32_t, sage_str text) {
      of(ctx).keep([&](StubHost& h) { h.report.logs.emplace_back(view(text)); });
    };
    table.fail = [](void* ctx, sage_str text) {
      of(ctx).keep([&](StubHost& h) { h.failures_[std::this_thread::get_id()] = view(text); });
    };
    table.series = [](void*, sage_str, sage_str) -> uint32_t { return 0; };
    table.emit = [](void*, const sage_record*, uint64_t) {};
    table.complete = [](void* ctx, const sage_completion* rows, uint64_t n) {
      of(ctx).keep([&](StubHost& h) {
        for (uint64_t i = 0; i < n; ++i) h.complete(rows[i]);
      });
    };
    table.spans = [](void* ctx, const sage_span* rows, uint64_t n) {
      of(ctx).keep([&](StubHost& h) {
        for (uint64_t i = 0; i < n; ++i) h.span(rows[i]);
      });
    };
    table.event_done = [](void* ctx, uint64_t id, sage_status status, sage_str) {
      of(ctx).keep([&](StubHost& h) {
        if (id == 0 || id > h.events_issued)
          h.problem("event " + std::to_string(id) + " was confirmed, which there is not");
        else if (!h.report.events.emplace(id, status).second)
          h.problem("event " + std::to_string(id) + " was confirmed twice");
      });
    };
    table.get_extension = [](void* ctx, const char* id) -> const void* {
      return std::string_view(id) == SAGE_METADATA_EXTENSION ? &of(ctx).metadata_ : nullptr;
    };
    table.ready = [](void* ctx) {
      of(ctx).keep([](StubHost& h) {
        if (h.closed) h.out_of_turn("`ready` after close");
      });
    };
    table.alive = [](void* ctx, sage_str) {
      of(ctx).keep([](StubHost& h) {
        if (!h.opening) h.out_of_turn("`alive` outside of open");
      });
    };
  }
  void not_yours(const char* service) {
    keep([&](StubHost& h) { h.out_of_turn("a workload called `" + std::string(service) + "`, which is a backend's"); });
  }

  static void add(std::vector<std::string>& list, const std::string& text) {
    constexpr size_t most = 100;
    if (list.size() < most) list.push_back(text);
  }
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
  sage_host for_backend_{};
  sage_host for_workload_{};
  sage_metadata metadata_{};
  std::mutex mutex_;
  std::map<std::thread::id, std::string> failures_;  // the last text of each
};

}  // namespace sage::testing
