#include <doctest/doctest.h>

#include "lab.hpp"

namespace {

// Two stages, the second keyed, on three nodes of different speed, with a fault and a change in the middle.
struct Trace {
  uint64_t hash = 0;
  uint64_t ended = 0;
};

Trace trace(uint64_t seed, const sage::Json& more = {}) {
  auto description = lab::one_stage(4e6);
  description.stages.push_back(
      {.name = "apply", .operator_name = "apply", .key_by = SAGE_KEY_REQUEST, .cost_base_ns = 1e6});
  description.pipelines = {{"both", {{0, {}}, {1, {0}}}}};
  sage::Json options = {{"service", "lognormal"}, {"network_us", 50}, {"node_speeds", "1,1,0.35"}};
  if (!more.is_null()) options.update(more);
  lab::Lab lab({.description = description, .options = options, .nodes = 3, .parallelism = 2, .seed = seed});
  Trace trace;
  lab.on_end = [&](const sage_completion& row) {
    for (const auto value : {row.id, static_cast<uint64_t>(row.at_ns), static_cast<uint64_t>(row.begun_ns),
                             static_cast<uint64_t>(row.status), uint64_t{row.node}})
      trace.hash = sage::Draw::mix(trace.hash ^ value);
    ++trace.ended;
  };
  lab::Arrivals arrivals(800, 7);
  for (uint64_t seq = 0; seq < 20'000; ++seq) {
    if (seq == 5'000) lab.control(SAGE_EVENT_FAULT, "kill-node", {{"node", 0}});
    if (seq == 9'000) lab.control(SAGE_EVENT_HEAL, "kill-node", {{"node", 0}});
    if (seq == 12'000) lab.control(SAGE_EVENT_RECONFIGURE, "parallelism", {{"stage", "apply"}, {"value", 3}});
    lab.offer(lab::request(seq, arrivals.next()));
  }
  lab.finish();
  return trace;
}

}  // namespace

TEST_CASE("the same seed gives the same bits, another seed others") {
  const auto first = trace(1);
  CHECK(first.ended == 20'000);
  CHECK(trace(1).hash == first.hash);
  CHECK(trace(2).hash != first.hash);
}

TEST_CASE("a request's demand does not depend on the deployment") {
  const auto services = [](uint32_t nodes, uint32_t parallelism) {
    lab::Lab lab({.description = lab::one_stage(1e6),
                  .options = {{"service", "exponential"}},
                  .nodes = nodes,
                  .parallelism = parallelism});
    for (uint64_t seq = 0; seq < 100; ++seq) lab.offer(lab::request(seq, static_cast<int64_t>(seq) * lab::us));
    lab.finish();
    std::vector<int64_t> times;
    for (const auto& [seq, row] : lab.ended) times.push_back(row.at_ns - row.begun_ns);
    return times;
  };
  CHECK(services(1, 1) == services(5, 3));
}

TEST_CASE("how far the host advances at a time changes nothing") {
  const auto ends = [](int64_t stride_ns) {
    lab::Lab lab({.description = lab::one_stage(3e6), .options = {{"service", "hyperexponential"}}, .parallelism = 2});
    for (uint64_t seq = 0; seq < 500; ++seq) {
      const auto due_ns = static_cast<int64_t>(seq) * 2 * lab::ms;
      if (stride_ns != 0)
        for (auto at_ns = lab.after_ns(); at_ns < due_ns; at_ns += stride_ns) lab.advance(at_ns);
      lab.offer(lab::request(seq, due_ns));
    }
    lab.finish();
    std::vector<int64_t> times;
    for (const auto& [seq, row] : lab.ended) times.push_back(row.at_ns);
    return times;
  };
  CHECK(ends(0) == ends(70 * lab::us));
}

TEST_CASE("memory follows the requests in the system, not those of the run") {
  lab::Lab lab({.description = lab::one_stage(8e6), .options = {{"service", "exponential"}}, .parallelism = 10});
  uint64_t ended = 0;
  lab.on_end = [&](const sage_completion&) { ++ended; };
  lab::Arrivals arrivals(1'000, 3);
  uint64_t seq = 0;
  const auto run_until = [&](uint64_t end) {
    for (; seq < end; ++seq) lab.offer(lab::request(seq, arrivals.next()));
    return lab.backend().stats().resident_bytes;
  };
  run_until(200'000);
  CHECK(run_until(1'000'000) < 64 * 1024);
  lab.finish();
  CHECK(ended == 1'000'000);
  CHECK(lab.broken_rules == 0);
}
