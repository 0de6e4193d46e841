// How fast the model is, and in how much memory:   mock_speed [requests in millions, 1 by default]
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "lab.hpp"

namespace {

struct Case {
  const char* name;
  uint32_t nodes;
  uint32_t parallelism;
  double rate_per_s;
  uint64_t requests;
  uint32_t steps = 1;
};

void run(const Case& c) {
  auto description = lab::one_stage(5e6);
  description.pipelines[0].steps.clear();
  for (uint32_t step = 0; step < c.steps; ++step)
    description.pipelines[0].steps.push_back(
        {0, step == 0 ? std::vector<uint32_t>{} : std::vector<uint32_t>{step - 1}});
  lab::Lab lab({.description = description,
                .options = {{"service", "exponential"}},
                .nodes = c.nodes,
                .parallelism = c.parallelism});
  uint64_t ended = 0;
  lab.on_end = [&](const sage_completion&) { ++ended; };
  lab::Arrivals arrivals(c.rate_per_s, 1);
  const auto begin = std::chrono::steady_clock::now();
  for (uint64_t seq = 0; seq < c.requests; ++seq) lab.offer(lab::request(seq, arrivals.next()));
  lab.finish();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "%-36s %9.2f M requests  %8.0f s simulated in %6.2f s  %5.0f ns a request  model %7.1f KiB  process %4.1f MiB\n",
      c.name, static_cast<double>(ended) / 1e6, static_cast<double>(lab.after_ns()) / 1e9, elapsed.count(),
      elapsed.count() * 1e9 / static_cast<double>(ended),
      static_cast<double>(lab.backend().stats().resident_bytes) / 1024, static_cast<double>(usage.ru_maxrss) / 1024);
}

}  // namespace

int main(int argc, char** argv) {
  const auto millions = argc > 1 ? std::atof(argv[1]) : 1;
  const auto requests = static_cast<uint64_t>(millions * 1e6);
  run({"one node, 1 replica, load 0.5", 1, 1, 100, requests});
  run({"one node, 4 replicas, load 0.8", 1, 4, 640, requests});
  run({"a chain of 5 steps, 16 replicas", 4, 4, 500, requests, 5});
  run({"1,000 nodes, 2 replicas, load 0.8", 1000, 2, 320'000, requests});
  run({"a day at 100 requests/s", 1, 1, 100, 8'640'000});
}
