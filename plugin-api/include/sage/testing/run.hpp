// `sage::testing::run`: see sage/testing.hpp, which includes this.
#pragma once

#include <sage/testing/halves.hpp>
#include <sage/testing/host.hpp>

#include <array>
#include <chrono>
#include <thread>

namespace sage::testing {

// What `create` gets: `options`, and what the host adds.
inline Json config_of(const Load& load, const Json& options) {
  Json all = {
      {"seed", load.seed},
      {"nodes", load.nodes},
      {"parallelism", load.parallelism},
      {"scheduler", load.scheduler},
      {"quick", false},
      {"open_timeout_s", 120.0},
      {"capabilities", load.capabilities},
      {"load", {{"rate", load.rate}, {"total_requests", load.requests}, {"duration", 0.0}, {"warmup_items", 0}}}};
  all.update(options);
  return all;
}

// One run, from the two entries to the last word of both plugins.
class Run {
 public:
  Run(sage_entry_fn workload, sage_entry_fn backend, Load load)
      : load_(std::move(load)),
        workload_(opened(workload)),
        backend_(opened(backend)),
        host_(backend_.backend != nullptr && SAGE_HAS(backend_.backend, sage_backend, advance)) {
    if (workload_.workload == nullptr || backend_.backend == nullptr)
      throw std::runtime_error("the first entry has to be a workload's, the second one a backend's");
  }
  // After a call that failed: threads of the backend still end before what they use.
  ~Run() {
    if (back_ != nullptr) (void)backend_.backend->close(back_);
    if (back_ != nullptr) backend_.destroy(back_);
    if (work_ != nullptr) workload_.destroy(work_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Report operator()() {
    open();
    return finish();
  }
  // The backend is open, nothing was offered yet.
  void open() {
    describe();
    open_backend();
  }
  Report finish() {
    offer();
    drain();
    close();
    return std::move(host_.report);
  }
  [[nodiscard]] StubHost& host() { return host_; }
  [[nodiscard]] const sage_backend& backend_table() const { return *backend_.backend; }
  [[nodiscard]] void* backend_instance() const { return back_; }

 private:
  static sage_plugin opened(sage_entry_fn entry) {
    StubHost host(false);
    sage_plugin plugin{};
    plugin.struct_size = sizeof plugin;
    host.check(entry(host.for_backend(), &plugin), "sage_entry_v1");
    return plugin;
  }

  template <class T>
  std::vector<const T*> listed(void* self, sage_status (*list)(void*, const T* const**, uint64_t*), const char* call) {
    const T* const* items = nullptr;
    uint64_t n = 0;
    host_.check(list(self, &items, &n), call);
    return {items, items + n};
  }

  void describe() {
    const auto& table = *workload_.workload;
    config_ = config_of(load_, load_.workload).dump();
    host_.check(workload_.create(host_.for_workload(), str(load_.workload_id), str(config_), &work_),
                "workload create");
    stages_ = listed(work_, table.stages, "stages");
    pipelines_ = listed(work_, table.pipelines, "pipelines");
    classes_ = listed(work_, table.classes, "classes");
    static constexpr sage_tenant only{sizeof(sage_tenant), 0, {"default", 7}};
    tenants_ = {&only};
    if (SAGE_HAS(&table, sage_workload, tenants)) tenants_ = listed(work_, table.tenants, "tenants");
    operators_.struct_size = sizeof operators_;
    host_.check(table.operators(work_, &operators_), "operators");
  }

  void open_backend() {
    run_.struct_size = sizeof run_;
    run_.nodes = load_.nodes;
    run_.parallelism = load_.parallelism;
    run_.seed = load_.seed;
    run_.max_in_flight = 1 << 16;
    run_.scheduler = str(load_.scheduler);
    run_.scratch_dir = str(load_.scratch_dir);
    run_.stages = stages_.data();
    run_.n_stages = stages_.size();
    run_.pipelines = pipelines_.data();
    run_.n_pipelines = pipelines_.size();
    run_.classes = classes_.data();
    run_.n_classes = classes_.size();
    run_.tenants = tenants_.data();
    run_.n_tenants = tenants_.size();
    run_.operators = &operators_;
    run_.workload_library = str(load_.workload_library);
    run_.workload_id = str(load_.workload_id);
    run_.workload_config = str(config_);
    const auto own = config_of(load_, load_.backend).dump();
    host_.check(backend_.create(host_.for_backend(), str(load_.backend_id), str(own), &back_), "backend create");
    host_.locked([&] { host_.opening = true; });
    host_.check(backend_.backend->open(back_, &run_), "open");
    host_.locked([&] { host_.opening = false; });
    start_ns_ = host_.now_ns();
  }

  // Until `at_ns` on the run's clock, or a little at least.
  void pass_until(int64_t at_ns) {
    if (!host_.is_virtual()) {
      std::this_thread::sleep_for(
          std::chrono::nanoseconds(std::clamp<int64_t>(at_ns - host_.now_ns(), 50'000, 10'000'000)));
      return;
    }
    int64_t next = INT64_MAX;
    host_.check(backend_.backend->advance(back_, host_.now_ns(), &next), "advance");
    host_.jump_to(std::clamp(next, host_.now_ns() + 1, std::max(at_ns, host_.now_ns() + 1)));
    host_.check(backend_.backend->advance(back_, host_.now_ns(), &next), "advance");
  }

  [[nodiscard]] std::chrono::time_point<std::chrono::steady_clock, std::chrono::duration<double>> patience() const {
    return std::chrono::steady_clock::now() + std::chrono::duration<double>(load_.drain_s);
  }
  [[nodiscard]] uint64_t outstanding() {
    return host_.locked([&] { return host_.outstanding; });
  }

  void offer() {
    constexpr uint64_t block = 64;
    std::vector<sage_request> rows(block);
    for (uint64_t seq = 0; seq < load_.requests;) {
      const auto n = std::min(block, load_.requests - seq);
      for (uint64_t i = 0; i < n; ++i) {
        rows[i] = {};
        rows[i].seq = seq + i;
        if (load_.in_flight == 0)
          rows[i].due_ns = static_cast<int64_t>(static_cast<double>(seq + i) * 1e9 / load_.rate);
      }
      uint64_t filled = 0;
      host_.check(workload_.workload->plan(work_, rows.data(), n, &filled), "plan");
      if (filled > n) throw std::runtime_error("plan filled more rows than it was asked for");
      for (uint64_t i = 0; i < filled; ++i) send(rows[i]);
      seq += filled;
      if (filled < n) break;
    }
  }

  void send(sage_request row) {
    if (row.due_ns < last_due_ns_) host_.problem("request " + std::to_string(row.seq) + ": due times decrease");
    if (row.pipeline >= pipelines_.size() || row.class_id >= classes_.size() || row.tenant >= tenants_.size())
      throw std::runtime_error("request " + std::to_string(row.seq) +
                               " names a pipeline, class or tenant that there is not");
    last_due_ns_ = row.due_ns;
    happen_until(row.due_ns);
    auto end = patience();
    for (auto left = outstanding();
         load_.in_flight == 0 ? host_.now_ns() < start_ns_ + row.due_ns : outstanding() >= load_.in_flight;) {
      if (std::exchange(left, outstanding()) != left) end = patience();
      if (std::chrono::steady_clock::now() > end && load_.in_flight != 0)
        throw std::runtime_error("no request ended for " + std::to_string(load_.drain_s) + " s");
      pass_until(load_.in_flight == 0 ? start_ns_ + row.due_ns : INT64_MAX);
      settle();
    }
    row.id = ++last_id_;
    row.due_ns = load_.in_flight == 0 ? start_ns_ + row.due_ns : host_.now_ns();
    host_.locked([&] {
      auto& request = host_.requests[row.id];
      request.row = row;
      request.sent_ns = host_.now_ns();
      ++host_.outstanding;
      ++host_.report.offered;
    });
    uint64_t taken = 0;
    for (end = patience();;) {
      if (std::chrono::steady_clock::now() > end)
        throw std::runtime_error("no request was taken for " + std::to_string(load_.drain_s) + " s");
      host_.check(backend_.backend->submit(back_, &row, 1, &taken), "submit");
      if (taken > 1) throw std::runtime_error("submit took more rows than it was offered");
      if (taken == 1) break;
      pass_until(host_.now_ns() + 200'000);
    }
    settle();
  }

  // Control events that are due.
  void happen_until(int64_t due_ns) {
    if (!SAGE_HAS(workload_.workload, sage_workload, events)) return;
    std::array<sage_event, 16> rows{};
    uint64_t filled = rows.size();
    while (filled == rows.size()) {
      host_.check(workload_.workload->events(work_, due_ns, rows.data(), rows.size(), &filled), "events");
      for (uint64_t i = 0; i < filled; ++i) {
        auto& event = rows[i];
        if (event.kind == SAGE_EVENT_MARK) continue;
        event.id = host_.locked([&] { return ++host_.events_issued; });
        event.due_ns += start_ns_;
        if (SAGE_HAS(backend_.backend, sage_backend, control) && backend_.backend->control(back_, &event) == SAGE_OK)
          continue;
        host_.locked([&] { host_.report.events[event.id] = SAGE_UNSUPPORTED; });
      }
    }
  }

  void drain() {
    const auto end = patience();
    while (outstanding() != 0 && std::chrono::steady_clock::now() < end) {
      if (host_.is_virtual()) {
        pass_until(INT64_MAX);
      } else if (const auto status = backend_.backend->drain(back_, 50'000'000); status != SAGE_TIMEOUT) {
        host_.check(status, "drain");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      settle();
    }
    host_.locked([&] {
      for (auto& [id, request] : host_.requests)
        if (!request.ended) host_.problem("request " + std::to_string(request.row.seq) + " was never ended");
    });
  }

  // Those that have ended since the last time; with `all`, those too that have not.
  void settle(bool all = false) {
    std::vector<sage_outcome> outcomes;
    host_.locked([&] {
      if (all)
        for (const auto& [id, request] : host_.requests)
          if (!request.ended) host_.ended.push_back(id);
      for (const auto id : std::exchange(host_.ended, {})) {
        auto& request = host_.requests.at(id);
        auto& out = outcomes.emplace_back();
        out.seq = request.row.seq;
        out.outcome = request.ended ? request.end.status : SAGE_OUTCOME_UNFINISHED;
        out.at_ns = request.ended ? request.end.at_ns - start_ns_ : host_.now_ns() - start_ns_;
        out.begun_ns = request.end.begun_ns == 0 ? -1 : request.end.begun_ns - start_ns_;
        out.first_ns = request.first_ns < 0 ? -1 : request.first_ns - start_ns_;
        out.digest = request.end.digest;
        out.result = {request.result.data(), request.result.size()};
        out.units = request.end.units;
        out.node = request.end.node;
        ++host_.report.outcomes[out.outcome];
        if (out.outcome != SAGE_OUTCOME_OK) continue;
        host_.report.digests[out.seq] = out.digest;
        host_.report.responses_ns.push_back(request.end.at_ns - request.row.due_ns);
      }
    });
    if (outcomes.empty() || !SAGE_HAS(workload_.workload, sage_workload, settle)) return;
    std::vector<uint32_t> verdicts(outcomes.size(), SAGE_VERDICT_UNCHECKED);
    host_.check(workload_.workload->settle(work_, outcomes.data(), outcomes.size(), verdicts.data()), "settle");
    for (const auto verdict : verdicts) {
      if (verdict > SAGE_VERDICT_WRONG) host_.problem("a verdict of " + std::to_string(verdict));
      host_.report.passed += verdict == SAGE_VERDICT_PASS ? 1 : 0;
      host_.report.wrong += verdict == SAGE_VERDICT_WRONG ? 1 : 0;
    }
  }

  void close() {
    host_.check(backend_.backend->close(back_), "close");
    host_.locked([&] { host_.closed = true; });
    backend_.destroy(std::exchange(back_, nullptr));
    settle(true);
    compare();
    if (SAGE_HAS(workload_.workload, sage_workload, conclude)) {
      sage_str text{};
      host_.check(workload_.workload->conclude(work_, &host_.report.verdict, &text), "conclude");
      if (text.size != 0) host_.report.report = Json::parse(view(text));
    }
    workload_.destroy(std::exchange(work_, nullptr));
    std::ranges::sort(host_.report.responses_ns);
  }

  // With what a serial execution gives.
  void compare() {
    if (host_.report.metadata.contains("no_digests")) return;
    SerialStages serial(run_, operators_);
    std::string result;
    for (const auto& [id, request] : host_.requests) {
      const auto& pipeline = *pipelines_[request.row.pipeline];
      if (SAGE_HAS_FIELD(&pipeline, sage_pipeline, flags) && (pipeline.flags & SAGE_PIPELINE_NO_DIGEST) != 0) continue;
      const auto expected = serial.execute(request.row, result).digest;
      const auto given = request.ended && request.end.status == SAGE_DONE_OK ? request.end.digest : expected;
      if (expected == 0) host_.problem("request " + std::to_string(request.row.seq) + ": the operators give no digest");
      if (given != expected)
        host_.problem("request " + std::to_string(request.row.seq) + ": its digest is not that of a serial execution");
    }
  }

  const Load load_;
  const sage_plugin workload_;
  const sage_plugin backend_;
  StubHost host_;
  std::string config_;
  void* work_ = nullptr;
  void* back_ = nullptr;
  std::vector<const sage_stage*> stages_;
  std::vector<const sage_pipeline*> pipelines_;
  std::vector<const sage_class*> classes_;
  std::vector<const sage_tenant*> tenants_;
  sage_operators operators_{};
  sage_run run_{};
  int64_t start_ns_ = 0;
  int64_t last_due_ns_ = 0;
  uint64_t last_id_ = 0;
};

inline Report run(sage_entry_fn workload, sage_entry_fn backend, Load load) {
  return Run(workload, backend, std::move(load))();
}

}  // namespace sage::testing
