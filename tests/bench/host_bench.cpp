// What the host itself costs: a workload that plans by counting and a backend that completes inside submit, so that the
// rest is plan, pace, submit, complete, histograms and ledger. All accounting is on.
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <array>
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

// What looks at single requests.
enum class Rows { nobody, workload, log };

const sage_workload& table_of(bool settles) {
  static const auto without = [] {
    auto copy = sage::detail::workload_table();
    copy.settle = nullptr;
    copy.conclude = nullptr;
    copy.events = nullptr;
    copy.release = nullptr;
    return copy;
  }();
  static const auto with = [] {
    auto copy = without;
    copy.settle = [](void*, const sage_outcome* rows, uint64_t n, uint32_t* verdicts) -> sage_status {
      for (uint64_t i = 0; i < n; ++i)
        verdicts[i] = rows[i].outcome == SAGE_OUTCOME_OK ? SAGE_VERDICT_PASS : SAGE_VERDICT_UNCHECKED;
      return SAGE_OK;
    };
    return copy;
  }();
  return settles ? with : without;
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

records::RunResult run_host(load::LoadConfig load, Rows looked_at) {
  static auto workload = plugin_of<Counting>("counting", catalog::PluginKind::workload);
  workload.table.workload = &table_of(looked_at == Rows::workload);
  static const auto backend = plugin_of<Instant>("instant", catalog::PluginKind::backend);
  engine::EngineConfig config;
  config.load = std::move(load);
  config.log_requests = looked_at == Rows::log;
  engine::EngineInput input{&workload, nlohmann::json::object(), &backend, nlohmann::json::object()};
  records::RunInfo info;
  CountRows counter;
  std::vector<records::Writer*> writers = {&counter};
  const std::atomic<int> stop{0};
  auto result = engine::run(config, input, info, writers, nullptr, stop);
  const auto seen = looked_at == Rows::log ? counter.rows() : result.ledger.passed;
  const auto expected = looked_at == Rows::nobody ? 0 : result.ledger.offered;
  if (seen != expected) fmt::print("NOT VALID: {} rows of {} were looked at\n", seen, expected);
  for (const auto& reason : result.reasons) fmt::print("NOT VALID: {}\n", reason);
  return result;
}

struct Saturated {
  std::string_view name;
  load::Arrival arrival;
  Rows looked_at;
};
constexpr Saturated loops[] = {{"closed loop, rows for nobody", load::Arrival::closed, Rows::nobody},
                               {"offline, rows for nobody", load::Arrival::offline, Rows::nobody},
                               {"closed loop, the workload judges", load::Arrival::closed, Rows::workload},
                               {"closed loop, request log", load::Arrival::closed, Rows::log}};

// The machine's noise only adds, so the best round says what the host costs and the median what the machine was like.
void saturated(const Saturated& loop) {
  constexpr uint64_t requests = 4'000'000;
  std::array<double, 7> rounds{};
  for (auto& ns : rounds) {
    load::LoadConfig load;
    load.arrival = loop.arrival;
    load.concurrency = 64;
    load.max_in_flight = 1024;
    load.total_requests = requests;
    load.warmup_items = 100'000;
    ns = run_host(load, loop.looked_at).window_s * 1e9 / static_cast<double>(requests);
  }
  std::ranges::sort(rounds);
  fmt::print("{:<36} best {:>6.1f}  median {:>6.1f} ns/request {:>7.2f} M requests/s\n", loop.name, rounds[0],
             rounds[rounds.size() / 2], 1e3 / rounds[0]);
}

void open_loop(double rate) {
  load::LoadConfig load;
  load.arrival = load::Arrival::poisson;
  load.rate = rate;
  load.total_requests = static_cast<uint64_t>(rate * 2);
  load.warmup_items = static_cast<uint64_t>(rate / 10);
  const auto r = run_host(load, Rows::nobody);
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
               if (auto* row = ring.add(-1, {})) {
                 *row = {.seq = static_cast<uint64_t>(i)};
               } else {
                 ring.commit();
                 ring.peek(SIZE_MAX, [](const engine::DoneRow&, int64_t, std::span<const std::byte>) {});
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

// With an argument: only the saturated loops whose name contains it.
int main(int argc, char** argv) {
  fmt::print("sage-host against a backend that completes inside submit; all accounting on\n\n");
  const std::string_view wanted = argc > 1 ? argv[1] : "";
  for (const auto& loop : loops)
    if (loop.name.find(wanted) != std::string_view::npos) saturated(loop);
  if (argc > 1) return 0;
  fmt::print("\n");
  for (const double rate : {1e3, 1e4, 1e5, 1e6}) open_loop(rate);
  budget();
  noise_reading();
  return 0;
}
