// What the host itself costs: a workload that plans by counting and a backend that completes inside submit, so that the
// rest is plan, pace, submit, complete, histograms and ledger. All accounting is on.
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>
#include <sage/plugin.hpp>

#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "engine/clock.hpp"
#include "engine/engine.hpp"
#include "engine/row_ring.hpp"
#include "engine/slots.hpp"
#include "machine/cpu_watch.hpp"

namespace {

using namespace host;

class Instant : public sage::Backend {
 public:
  Instant(sage::Host host, std::string_view, const sage::Json&) : host_(host) {}
  void open(const sage_run&) override {}
  size_t submit(std::span<const sage_request> rows) override {
    std::array<sage_completion, 64> done{};
    for (size_t i = 0; i < rows.size(); ++i) done[i].id = rows[i].id;
    host_.complete({done.data(), rows.size()});
    return rows.size();
  }
  bool drain(int64_t) override { return true; }
  void close() override {}

 private:
  sage::Host host_;
};

class Counting : public sage::Workload {
 public:
  Counting(sage::Host, std::string_view, const sage::Json&) {
    what_.stages.push_back({.name = "none", .operator_name = "none"});
    what_.pipelines.push_back({"only", {{0, {}}}});
    what_.classes.push_back({.name = "a", .slo_response_ns = 1'000'000});
    what_.classes.push_back({.name = "b", .slo_response_ns = 2'000'000});
  }
  const sage::Description& describe() override { return what_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view, const sage::Json&, uint32_t, uint32_t) override {
    return nullptr;
  }
  size_t plan(std::span<sage_request> rows) override {
    for (auto& row : rows) {
      row.class_id = static_cast<uint16_t>(row.seq & 1);
      row.key = sage::Draw::mix(row.seq);
    }
    return rows.size();
  }

 private:
  sage::Description what_;
};

// The same table without the optional members, so that nothing is settled unless asked for.
template <class Class>
catalog::Plugin plugin_of(const char* id, catalog::PluginKind kind) {
  catalog::Plugin plugin;
  plugin.manifest.id = id;
  plugin.manifest.kind = kind;
  plugin.table.struct_size = sizeof(sage_plugin);
  sage::detail::entry<Class>(nullptr, &plugin.table, "");
  return plugin;
}

const sage_workload& unsettled_table() {
  static sage_workload table = [] {
    auto copy = sage::detail::workload_table();
    copy.settle = nullptr;
    copy.conclude = nullptr;
    copy.events = nullptr;
    return copy;
  }();
  return table;
}

// Takes the rows and keeps only their number: the cost of the request log before any formatting.
class CountRows : public records::Writer {
 public:
  void begin(const records::RunInfo&) override {}
  void take(std::span<const records::RequestRow> rows) override { rows_ += rows.size(); }
  void finish(const records::RunInfo&, const records::RunResult&) override {}
  [[nodiscard]] uint64_t rows() const { return rows_; }

 private:
  uint64_t rows_ = 0;
};

records::RunResult run_host(load::LoadConfig load, bool log_requests, uint64_t* rows = nullptr) {
  static auto workload = plugin_of<Counting>("counting", catalog::PluginKind::workload);
  workload.table.workload = &unsettled_table();
  static const auto backend = plugin_of<Instant>("instant", catalog::PluginKind::backend);
  engine::EngineConfig config;
  config.load = std::move(load);
  config.log_requests = log_requests;
  engine::EngineInput input{&workload, nlohmann::json::object(), &backend, nlohmann::json::object()};
  records::RunInfo info;
  CountRows counter;
  std::vector<records::Writer*> writers = {&counter};
  const std::atomic<int> stop{0};
  auto result = engine::run(config, input, info, writers, nullptr, stop);
  if (rows != nullptr) *rows = counter.rows();
  return result;
}

void closed_loop(const char* name, load::Arrival arrival, bool log, uint64_t requests) {
  load::LoadConfig load;
  load.arrival = arrival;
  load.concurrency = 64;
  load.max_in_flight = 1024;
  load.total_requests = requests;
  load.warmup_items = 100'000;
  uint64_t rows = 0;
  const auto r = run_host(load, log, &rows);
  const auto per_request = r.window_s * 1e9 / static_cast<double>(requests);
  fmt::print("{:<28} {:>10} {:>9.1f} ns/request {:>7.2f} M requests/s  rows logged {}\n", name, requests, per_request,
             1e3 / per_request, rows);
}

void open_loop(double rate) {
  load::LoadConfig load;
  load.arrival = load::Arrival::poisson;
  load.rate = rate;
  load.total_requests = static_cast<uint64_t>(rate * 2);
  load.warmup_items = static_cast<uint64_t>(rate / 10);
  const auto r = run_host(load, false);
  fmt::print(
      "open loop {:>9.0f}/s  achieved {:>9.0f}/s  lateness p50 {:>8.2f} us  p99 {:>8.2f} us  p99.9 {:>8.2f} us\n", rate,
      r.achieved_rate, static_cast<double>(r.lateness.quantile(0.5)) / 1e3,
      static_cast<double>(r.lateness.quantile(0.99)) / 1e3, static_cast<double>(r.lateness.quantile(0.999)) / 1e3);
}

// ns for each call of `body`, the best of three rounds.
template <class Body>
double cost_ns(Body&& body) {
  constexpr int calls = 2'000'000;
  double best = 1e9;
  for (int round = 0; round < 3; ++round) {
    const auto begin = engine::monotonic_ns();
    for (int i = 0; i < calls; ++i) body(i);
    best = std::min(best, static_cast<double>(engine::monotonic_ns() - begin) / calls);
  }
  return best;
}

void budget() {
  engine::SlotTable slots(1024);
  metrics::LaneHistogram histogram;
  engine::RowRing ring;
  engine::DoneRow row;
  fmt::print("\nbudget of one request, each step alone:\n");
  fmt::print("  clock read                 {:>6.1f} ns (once a batch)\n", cost_ns([](int) { engine::monotonic_ns(); }));
  fmt::print("  slot allocate and publish,\n  claim and release (ledger) {:>6.1f} ns\n", cost_ns([&](int) {
               uint64_t id = 0;
               auto* slot = slots.allocate(id);
               engine::SlotTable::publish(*slot, id);
               slots.claim(id, slot);
               engine::SlotTable::release(*slot);
             }));
  fmt::print("  one histogram              {:>6.1f} ns\n",
             cost_ns([&](int i) { histogram.record(1000 + (i & 1023)); }));
  fmt::print("  request row into the ring  {:>6.1f} ns\n", cost_ns([&](int i) {
               row.row.seq = static_cast<uint64_t>(i);
               if (!ring.push(row, &row)) {
                 ring.commit();
                 ring.peek(SIZE_MAX, [](const engine::DoneRow&, const std::byte*) {});
                 ring.consumed();
               }
             }));
}

// What the collector does once an interval to tell noise: a read of every process's stat file.
void noise_reading() {
  machine::CpuWatch watch("/", getpid(), machine::usable_cpus());
  auto best = INT64_MAX;
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::seconds(1));  // long enough for a reading
    const auto begin = engine::monotonic_ns();
    watch.read();
    best = std::min(best, engine::monotonic_ns() - begin);
  }
  fmt::print("\nonce an interval: who used the CPUs {:>9.0f} us\n", static_cast<double>(best) / 1e3);
}

}  // namespace

int main() {
  fmt::print("sage-host against a backend that completes inside submit; all accounting on\n\n");
  closed_loop("closed loop, log off", load::Arrival::closed, false, 20'000'000);
  closed_loop("offline, log off", load::Arrival::offline, false, 20'000'000);
  closed_loop("closed loop, log on", load::Arrival::closed, true, 10'000'000);
  fmt::print("\n");
  for (const double rate : {1e3, 1e4, 1e5, 1e6}) open_loop(rate);
  budget();
  noise_reading();
  return 0;
}
