// A session of two plugins that do what a test tells them, in virtual time.
#pragma once

#include <doctest/doctest.h>
#include <sage/plugin.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/session.hpp"

namespace host::engine {

constexpr int64_t ms = 1'000'000;

// What the plugins do, and what they were told.
struct FakePlugins {
  std::function<size_t(std::span<sage_request>)> plan = [](std::span<sage_request> rows) { return rows.size(); };
  std::vector<sage::Event> events;  // in order of due time
  std::function<uint32_t(const sage_outcome&)> judge = [](const sage_outcome&) { return SAGE_VERDICT_PASS; };
  size_t accepts = SIZE_MAX;  // rows that submit takes before it is full
  bool controls = true;       // or refuses every event
  bool judges = true;         // or has neither `settle` nor events
  uint64_t resident_bytes = 0;

  std::vector<uint64_t> cancelled;
  std::vector<uint64_t> released;
  std::vector<sage_request> submitted;
  std::vector<size_t> batches;
  std::vector<sage_outcome> settled;
  std::vector<std::string> controlled;
};
inline FakePlugins* fake = nullptr;  // the running test's

class FakeWorkload : public sage::Workload {
 public:
  FakeWorkload(sage::Host, std::string_view, const sage::Json&) {
    what_.stages.push_back({.name = "first", .operator_name = "first"});
    what_.stages.push_back({.name = "second", .operator_name = "second"});
    what_.pipelines.push_back({"only", {{0, {}}, {1, {0}}}});
    what_.classes.push_back({.name = "tight", .slo_response_ns = 4 * ms});
    what_.classes.push_back({.name = "loose", .slo_response_ns = 50 * ms});
  }
  const sage::Description& describe() override { return what_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view, const sage::Json&, uint32_t, uint32_t) override {
    return nullptr;
  }
  size_t plan(std::span<sage_request> rows) override { return fake->plan(rows); }
  std::vector<sage::Event> events(int64_t until_ns) override {
    std::vector<sage::Event> due;
    while (next_ < fake->events.size() && fake->events[next_].due_ns <= until_ns) due.push_back(fake->events[next_++]);
    return due;
  }
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      fake->settled.push_back(rows[i]);
      verdicts[i] = fake->judge(rows[i]);
    }
  }
  void release(std::span<const uint64_t> seqs) override {
    fake->released.insert(fake->released.end(), seqs.begin(), seqs.end());
  }

 private:
  sage::Description what_;
  size_t next_ = 0;
};

// Keeps what it is given until the test completes it.
class FakeBackend : public sage::Backend {
 public:
  FakeBackend(sage::Host, std::string_view, const sage::Json&) {}
  void open(const sage_run&) override {}
  size_t submit(std::span<const sage_request> rows) override {
    const auto taken = std::min(rows.size(), fake->accepts);
    if (fake->accepts != SIZE_MAX) fake->accepts -= taken;
    fake->submitted.insert(fake->submitted.end(), rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(taken));
    fake->batches.push_back(rows.size());
    return taken;
  }
  void control(const sage_event& event) override {
    if (!fake->controls) throw sage::Failure(SAGE_UNSUPPORTED, "not that one");
    fake->controlled.emplace_back(sage::view(event.target));
  }
  void cancel(std::span<const uint64_t> ids) override {
    fake->cancelled.insert(fake->cancelled.end(), ids.begin(), ids.end());
  }
  bool drain(int64_t) override { return true; }
  void close() override {}
  int64_t advance(int64_t) override { return INT64_MAX; }
  sage_stats stats() override { return {sizeof(sage_stats), 0, fake->resident_bytes, nullptr, 0, nullptr, 0}; }
};

template <class Class>
catalog::Plugin plugin_of(const char* id, catalog::PluginKind kind) {
  catalog::Plugin plugin;
  plugin.manifest.id = id;
  plugin.manifest.kind = kind;
  plugin.manifest.capabilities = {"fault.kill-worker"};
  plugin.table.struct_size = sizeof(sage_plugin);
  sage::detail::entry<Class>(nullptr, &plugin.table, "");
  return plugin;
}

// 100 requests/s at even distances, 10 of them for warm-up, 40 measured; a test changes that before `open`.
struct FakeRun : FakePlugins {
  EngineConfig config;
  std::unique_ptr<Session> session;

  FakeRun() {
    fake = this;
    config.virtual_time = true;
    config.load.arrival = load::Arrival::constant;
    config.load.rate = 100;
    config.load.total_requests = 40;
    config.load.warmup_items = 10;
    config.load.timeout_s = 1;
    config.load.max_in_flight = 256;
  }
  ~FakeRun() {
    if (session == nullptr) return;
    session->backend.destroy();
    session->workload.destroy();
  }
  FakeRun(const FakeRun&) = delete;
  FakeRun& operator=(const FakeRun&) = delete;

  void open() {
    if (!judges) {
      silent_ = *workload_.table.workload;
      silent_.settle = nullptr;
      silent_.events = nullptr;
      workload_.table.workload = &silent_;
    }
    session = std::make_unique<Session>(config);
    session->create({&workload_, nlohmann::json::object(), &backend_, nlohmann::json::object()}, nullptr);
    session->ledger->start_ns = session->clock.now_ns();
  }
  // Time from the start of the schedule, in ms.
  [[nodiscard]] int64_t at(int64_t at_ms) const { return session->ledger->start_ns + at_ms * ms; }
  int64_t go_to(int64_t at_ms) {
    session->clock.jump_to(at(at_ms));
    return session->clock.now_ns();
  }
  // A request of the given class enters the ledger as if the feed had sent it now.
  sage_request send(uint64_t seq, uint16_t class_id = 0, uint8_t flags = 0) {
    auto& ledger = *session->ledger;
    sage_request row{};
    row.seq = seq;
    row.class_id = class_id;
    row.flags = flags;
    row.due_ns = session->clock.now_ns() - ledger.start_ns;
    auto* slot = ledger.slots.allocate(row.id);
    REQUIRE(slot != nullptr);
    ledger.admit(ledger.lanes.mine(), *slot, row, 0, session->clock.now_ns());
    ledger.count_offered(1);
    return row;
  }
  void complete(uint64_t id, int64_t at_ns = 0, uint32_t flags = 0, uint32_t units = 0) const {
    sage_completion done{};
    done.id = id;
    done.at_ns = at_ns;
    done.flags = flags;
    done.units = units;
    session->ledger->complete({&done, 1});
  }
  void complete_all() {
    for (const auto& row : std::exchange(submitted, {})) complete(row.id);
  }

 private:
  sage_workload silent_{};
  catalog::Plugin workload_ = plugin_of<FakeWorkload>("fake", catalog::PluginKind::workload);
  catalog::Plugin backend_ = plugin_of<FakeBackend>("fake", catalog::PluginKind::backend);
};

}  // namespace host::engine
