// Operators of the workload under the model: results are real, times stay the model's.
#include <doctest/doctest.h>

#include <set>

#include "lab.hpp"

namespace {

// An operator that counts what it saw of each key and mixes its inputs into its output; fails on request 13.
struct Instance {
  std::string name;
  std::map<uint64_t, uint64_t> seen;
  std::string result;
};

struct Workload {
  uint32_t open = 0;
  bool fails = false;
  uint64_t keys_per_account = 1;
  sage_operators table{};

  Workload() {
    table.struct_size = sizeof(table);
    table.self = this;
    table.open = [](void* self, sage_str name, sage_str, uint32_t, uint32_t, void** op) -> sage_status {
      ++static_cast<Workload*>(self)->open;
      *op = new std::pair<Workload*, Instance>(static_cast<Workload*>(self), {std::string(sage::view(name)), {}, {}});
      return SAGE_OK;
    };
    table.run = [](void* op, const sage_op_input* in, sage_op_output* out) -> sage_status {
      auto& [workload, instance] = *static_cast<std::pair<Workload*, Instance>*>(op);
      if (workload->fails && in->request->seq == 13) return SAGE_FAILED;
      // An 8-byte account number first, as a stage keyed by input wants it.
      const uint64_t account = in->request->key / workload->keys_per_account;
      instance.result.assign(reinterpret_cast<const char*>(&account), sizeof(account));
      for (uint64_t i = 0; i < in->n_inputs; ++i)
        instance.result.append(static_cast<const char*>(in->inputs[i].ptr), in->inputs[i].size);
      instance.result += instance.name;
      uint64_t digest = sage::Draw::fnv1a(instance.result);
      if (instance.name == "count") digest ^= ++instance.seen[account];
      out->result = {instance.result.data(), instance.result.size()};
      out->digest = digest;
      return SAGE_OK;
    };
    table.close = [](void* op) {
      auto* both = static_cast<std::pair<Workload*, Instance>*>(op);
      --both->first->open;
      delete both;
    };
  }
};

// read -> {a, b} -> count, which is keyed
sage::Description description(uint32_t key_by) {
  sage::Description d;
  d.stages = {{.name = "read", .operator_name = "read", .cost_base_ns = 1e6},
              {.name = "a", .operator_name = "a", .cost_base_ns = 2e6},
              {.name = "b", .operator_name = "b", .cost_base_ns = 3e6},
              {.name = "count", .operator_name = "count", .key_by = key_by, .cost_base_ns = 1e6}};
  d.pipelines = {{"diamond", {{0, {}}, {1, {0}}, {2, {0}}, {3, {1, 2}}}}};
  return d;
}

struct Outcome {
  std::map<uint64_t, uint64_t> digests;
  std::map<uint64_t, int64_t> ends;
  std::map<uint64_t, std::string> results;
};

Outcome run(uint32_t nodes, uint32_t parallelism, bool operators, uint32_t key_by = SAGE_KEY_REQUEST) {
  Workload workload;
  // Two keys of requests share an account: only a stage that is keyed by its input brings them together.
  workload.keys_per_account = key_by == SAGE_KEY_INPUT ? 2 : 1;
  Outcome outcome;
  {
    lab::Lab lab({.description = description(key_by),
                  .options = {{"operators", operators}},
                  .nodes = nodes,
                  .parallelism = parallelism,
                  .operators = &workload.table});
    for (uint64_t seq = 0; seq < 200; ++seq) {
      auto row = lab::request(seq, static_cast<int64_t>(seq) * lab::ms);
      row.key = seq % 10;
      row.payload = {"payload", 7};
      lab.offer(row);
    }
    lab.finish();
    for (const auto& [seq, row] : lab.ended) {
      outcome.digests[seq] = row.digest;
      outcome.ends[seq] = row.at_ns;
    }
    outcome.results = lab.results;
    CHECK((workload.open > 0) == operators);
  }
  CHECK(workload.open == 0);
  return outcome;
}

}  // namespace

TEST_CASE("digests and results are the same for every number of nodes and replicas") {
  for (const auto key_by : {SAGE_KEY_REQUEST, SAGE_KEY_INPUT}) {
    const auto small = run(1, 1, true, key_by);
    const auto large = run(4, 3, true, key_by);
    CHECK(small.digests == large.digests);
    CHECK(small.results == large.results);
    CHECK(small.ends != large.ends);
    std::set<uint64_t> distinct;
    for (const auto& [seq, digest] : small.digests) distinct.insert(digest);
    CHECK(distinct.size() > 150);  // each counts its predecessors of the same account
  }
}

TEST_CASE("a step gets the outputs of its inputs, in their order") {
  const auto outcome = run(2, 2, true);
  std::string text = outcome.results.at(0);
  std::erase(text, '\0');
  CHECK(text == "payloadreadapayloadreadbcount");
}

TEST_CASE("times do not depend on whether operators run") {
  const auto with = run(2, 2, true);
  const auto without = run(2, 2, false);
  CHECK(with.ends == without.ends);
  CHECK(without.digests.at(0) == 0);
  CHECK(without.results.at(0).empty());
}

TEST_CASE("an operator that fails fails its request alone") {
  Workload workload;
  workload.fails = true;
  lab::Lab lab(
      {.description = description(SAGE_KEY_NONE), .options = {{"operators", true}}, .operators = &workload.table});
  for (uint64_t seq = 10; seq < 20; ++seq) lab.offer(lab::request(seq));
  lab.finish();
  for (const auto& [seq, row] : lab.ended) CHECK((row.status == SAGE_DONE_ERROR) == (seq == 13));
  CHECK(lab.ended.size() == 10);
}

TEST_CASE("what a fault ended has had no effect on the state, and the state survives it") {
  Workload workload;
  auto d = description(SAGE_KEY_REQUEST);
  d.pipelines = {{"count", {{3, {}}}}};
  lab::Lab lab({.description = d, .options = {{"operators", true}}, .operators = &workload.table});
  const auto offer = [&](uint64_t seq, int64_t after_ns) {
    auto row = lab::request(seq, after_ns);
    row.key = 4;
    lab.offer(row);
  };
  const sage::Json worker = {{"stage", "count"}, {"worker", 0}};
  offer(0, 0);
  offer(1, 5 * lab::ms);
  lab.control(SAGE_EVENT_FAULT, "kill-worker", worker);
  lab.control(SAGE_EVENT_HEAL, "kill-worker", worker);
  offer(2, 10 * lab::ms);
  lab.finish();
  CHECK(lab.status_of(1) == SAGE_DONE_ERROR);
  CHECK((lab.ended.at(0).digest ^ lab.ended.at(2).digest) == (1 ^ 2));
}
