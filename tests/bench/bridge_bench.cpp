// What the bridge alone costs: a child that gives each request back at once (echo_runtime.py).
//
//   bridge_bench PYTHON BRIDGE_DIR      flat out in batches of 64; then 1,000/s one by one: the round trip's
//   percentiles
#include <fmt/format.h>
#include <stdlib.h>
#include <sage/plugin.hpp>

#include <atomic>
#include <chrono>
#include <thread>

#include "bridge/bridge.hpp"
#include "metrics/histogram.hpp"

namespace {

constexpr uint64_t in_flight_max = 4096;

int64_t now_ns() { return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Of a request: its id is the time it was sent.
struct Counts {
  std::atomic<uint64_t> done{0};
  host::metrics::Histogram round_trip;  // of the receiving thread
};

Counts* counts = nullptr;

sage_host services() {
  sage_host table{};
  table.struct_size = sizeof table;
  table.now_ns = [](void*) { return now_ns(); };
  table.log = [](void*, int32_t level, sage_str text) {
    if (level >= SAGE_LOG_WARNING) fmt::print(stderr, "{}\n", sage::view(text));
  };
  table.fail = [](void*, sage_str) {};
  table.series = [](void*, sage_str, sage_str) { return UINT32_MAX; };
  table.emit = [](void*, const sage_record*, uint64_t) {};
  table.complete = [](void*, const sage_completion* rows, uint64_t n) {
    const auto now = now_ns();
    for (uint64_t i = 0; i < n; ++i) counts->round_trip.record(now - static_cast<int64_t>(rows[i].id));
    counts->done.fetch_add(n);
  };
  table.spans = [](void*, const sage_span*, uint64_t) {};
  table.event_done = [](void*, uint64_t, sage_status, sage_str) {};
  table.get_extension = [](void*, const char*) -> const void* { return nullptr; };
  return table;
}

void submit_all(bridge::Bridge& bridge, std::vector<sage_request>& rows) {
  for (auto& row : rows) row.id = static_cast<uint64_t>(now_ns());
  for (size_t sent = 0; sent < rows.size();) {
    const auto taken = bridge.submit(std::span(rows).subspan(sent));
    if (taken == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
    sent += taken;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: bridge_bench PYTHON BRIDGE_DIR\n");
    return 2;
  }
  const auto table = services();
  const std::string bridge_dir = argv[2];
  std::string folder = "/tmp/sage-bridge-bench-XXXXXX";
  bridge::BridgeConfig config;
  config.name = "echo";
  config.program = {bridge_dir + "/sage-host-guard",
                    {argv[1], "-s", "-B", bridge_dir + "/bridge_main.py", "echo_runtime"},
                    mkdtemp(folder.data())};
  config.in_flight_max = in_flight_max;
  config.start_timeout_ns = config.close_timeout_ns = 20'000'000'000;
  Counts flat_out, paced;
  counts = &flat_out;
  const sage::Json run = {{"nodes", 1},
                          {"parallelism", 1},
                          {"scheduler", ""},
                          {"scratch_dir", folder},
                          {"options", sage::Json::object()},
                          {"stages", sage::Json::array()},
                          {"pipelines", sage::Json::array()},
                          {"classes", sage::Json::array()}};
  bridge::Bridge bridge(sage::Host(&table), std::move(config));
  bridge.start(run);

  constexpr uint64_t total = 1'000'000;
  std::vector<sage_request> batch(64);
  const auto begin = now_ns();
  for (uint64_t sent = 0; sent < total; sent += batch.size()) submit_all(bridge, batch);
  bridge.drain(60'000'000'000);
  const auto seconds = static_cast<double>(now_ns() - begin) / 1e9;
  fmt::print("flat out, batches of 64: {:.0f} requests/s ({} in {:.2f} s)\n",
             static_cast<double>(flat_out.done.load()) / seconds, flat_out.done.load(), seconds);

  counts = &paced;
  std::vector<sage_request> one(1);
  for (int i = 0; i < 5000; ++i) {
    submit_all(bridge, one);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  bridge.drain(10'000'000'000);
  const auto us = [&](double q) { return static_cast<double>(paced.round_trip.quantile(q)) / 1e3; };
  fmt::print("one by one, about 1,000/s: round trip p50 {:.1f} us, p99 {:.1f} us\n", us(0.5), us(0.99));
  bridge.close();
}
