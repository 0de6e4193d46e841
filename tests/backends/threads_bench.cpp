// What the runtime itself costs: requests/s through stages that do nothing, and ns a request of the null path.
//   threads_bench [requests]
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "backend.hpp"

namespace {

using Clock = std::chrono::steady_clock;

// Counts completions; no more than a host must do.
struct CountingHost {
  std::atomic<uint64_t> done{0};
  sage_host table{};
  CountingHost() {
    table.struct_size = sizeof(table);
    table.ctx = this;
    table.now_ns = [](void*) -> int64_t { return std::chrono::nanoseconds(Clock::now().time_since_epoch()).count(); };
    table.log = [](void*, int32_t, sage_str) {};
    table.complete = [](void* ctx, const sage_completion*, uint64_t n) {
      static_cast<CountingHost*>(ctx)->done.fetch_add(n, std::memory_order_relaxed);
    };
    table.spans = [](void*, const sage_span*, uint64_t) {};
    table.event_done = [](void*, uint64_t, sage_status, sage_str) {};
  }
};

const sage_operators no_op = {sizeof(sage_operators),
                              0,
                              nullptr,
                              [](void*, sage_str, sage_str, uint32_t, uint32_t, void** op) -> sage_status {
                                *op = nullptr;
                                return SAGE_OK;
                              },
                              [](void*, const sage_op_input*, sage_op_output*) -> sage_status { return SAGE_OK; },
                              [](void*) {}};

double seconds_for(uint64_t n, uint32_t stages, uint32_t parallelism, uint32_t key_by, const sage::Json& options) {
  sage::Description description;
  sage::PipelineSpec pipeline{"chain", {}};
  for (uint32_t s = 0; s < stages; ++s) {
    sage::StageSpec stage;
    stage.name = std::to_string(s);
    stage.key_by = key_by;
    description.stages.push_back(stage);
    pipeline.steps.push_back({s, s == 0 ? std::vector<uint32_t>{} : std::vector<uint32_t>{s - 1}});
  }
  description.pipelines.push_back(pipeline);
  const sage::detail::DescriptionTables tables(description);
  sage_run run{};
  run.struct_size = sizeof(run);
  run.nodes = 1;
  run.parallelism = parallelism;
  run.max_in_flight = 4096;
  run.stages = tables.stage_pointers.data();
  run.n_stages = tables.stage_pointers.size();
  run.pipelines = tables.pipeline_pointers.data();
  run.n_pipelines = tables.pipeline_pointers.size();
  run.operators = &no_op;

  CountingHost host;
  threads::ThreadsBackend backend(sage::Host(&host.table), "threads", options);
  backend.open(run);
  std::array<sage_request, 64> rows{};
  const auto begin = Clock::now();
  for (uint64_t sent = 0; sent < n;) {
    for (size_t r = 0; r < rows.size(); ++r) rows[r].id = rows[r].key = sent + r + 1;
    const auto taken = backend.submit(rows);
    if (taken == 0) std::this_thread::yield();
    sent += taken;
  }
  backend.drain(INT64_C(60'000'000'000));
  const std::chrono::duration<double> elapsed = Clock::now() - begin;
  backend.close();
  if (host.done < n) std::puts("  (requests were lost)");
  return elapsed.count();
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t n = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  for (const uint32_t stages : {1U, 3U})
    for (const uint32_t parallelism : {1U, 2U})
      for (const uint32_t key_by : {SAGE_KEY_NONE, SAGE_KEY_REQUEST})
        std::printf("%u stage(s), parallelism %u%s: %8.0f requests/s\n", stages, parallelism,
                    key_by == SAGE_KEY_NONE ? "" : ", keyed",
                    static_cast<double>(n) / seconds_for(n, stages, parallelism, key_by, sage::Json::object()));
  const uint64_t many = 50 * n;
  std::printf("null path, batches of 64: %.2f ns a request\n",
              seconds_for(many, 1, 1, SAGE_KEY_NONE, {{"inline", true}}) * 1e9 / static_cast<double>(many));
}
