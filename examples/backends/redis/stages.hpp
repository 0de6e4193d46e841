// The workload's operators, and the steps that wait for them: a stage has as many replicas as --parallelism says, each
// of which executes one step at a time. All of it is called by one thread, but `busy_ns`.
#pragma once

#include <algorithm>
#include <atomic>
#include <list>

#include "connection.hpp"

namespace redis {

struct Request {
  sage_request row;  // its payload stays valid until it is complete
  std::string key;   // of its hash
  uint32_t step = 0;
  Reply read;  // the step's inputs or, at the end, the result
  sage_completion end{};
  std::vector<sage_span> spans;
  std::string error;  // the first that Redis gave
};
using Place = std::list<Request>::iterator;

class Stages {
 public:
  explicit Stages(sage::Host host) : host_(host) {}
  Stages(const Stages&) = delete;
  Stages& operator=(const Stages&) = delete;
  ~Stages() { close(); }

  void open(const sage_run& run) {
    run_ = &run;
    for (uint64_t i = 0; i < run.n_stages; ++i) {
      const auto& stage = *run.stages[i];
      first_.push_back(std::ssize(replicas_));
      const auto n = stage.parallelism == 0 ? run.parallelism : stage.parallelism;
      for (uint32_t k = 0; k < n; ++k) {
        void* op = nullptr;
        const auto status = run.operators->open(run.operators->self, stage.operator_name, stage.config, k, n, &op);
        if (status != SAGE_OK)
          throw sage::Failure(status, "there is no operator '" + std::string(sage::view(stage.operator_name)) + "'");
        replicas_.emplace_back().op = op;
        replicas_.back().stage = static_cast<uint16_t>(i);
      }
    }
    first_.push_back(std::ssize(replicas_));
  }

  void close() {
    for (const auto& replica : replicas_) run_->operators->close(replica.op);
    replicas_.clear();
    first_.clear();
  }

  // The inputs of its step are there. A key is always served by the same replica, in order; otherwise it is the one
  // with the fewest waiting, the most urgent first.
  void add(Place request) {
    const auto index = run_->pipelines[request->row.pipeline]->steps[request->step]->stage;
    const std::span stage(replicas_.begin() + first_[index], replicas_.begin() + first_[index + 1]);
    if (const auto key_by = run_->stages[index]->key_by; key_by != SAGE_KEY_NONE) {
      auto key = request->row.key;
      if (const auto& input = *request->read->element[0]; key_by == SAGE_KEY_INPUT) {
        key = 0;
        std::memcpy(&key, input.str, std::min(input.len, sizeof key));
      }
      stage[key % stage.size()].waiting.push_back(request);
      return;
    }
    const auto load = [](const Replica& replica) { return replica.waiting.size() + (replica.held ? 1 : 0); };
    auto& waiting = std::ranges::min_element(stage, {}, load)->waiting;
    const auto priority = [](Place place) { return place->row.priority; };
    waiting.insert(std::ranges::upper_bound(waiting, request->row.priority, {}, priority), request);
  }

  [[nodiscard]] size_t replicas() const { return replicas_.size(); }

  // Lets each replica execute one step at most, so that answers are not kept waiting. Calls done(request, output) for
  // each step that is over; null where it failed.
  template <class Done>
  void serve(Done&& done) {
    for (auto& replica : replicas_) {
      if (replica.held && host_.now_ns() < replica.until_ns) continue;
      if (replica.held) done(executed(replica, *std::exchange(replica.held, std::nullopt)), &replica.out);
      if (replica.waiting.empty()) continue;
      const auto request = replica.waiting.front();
      replica.waiting.pop_front();
      if (!execute(replica, request))
        done(request, nullptr);
      else if (replica.out.hold_ns <= 0)
        done(executed(replica, request), &replica.out);
      else
        hold(replica, request);
    }
  }

  // When there is something to do for `serve`.
  [[nodiscard]] int64_t next_ns() const {
    int64_t next = INT64_MAX;
    for (const auto& replica : replicas_)
      if (replica.held || !replica.waiting.empty()) next = std::min(next, replica.held ? replica.until_ns : 0);
    return next;
  }

  // They have ended otherwise.
  void forget() {
    for (auto& replica : replicas_) {
      replica.waiting.clear();
      replica.held.reset();
    }
  }

  [[nodiscard]] double busy_ns() const { return static_cast<double>(busy_ns_.load()); }

 private:
  struct Replica {
    void* op = nullptr;
    uint16_t stage = 0;
    std::deque<Place> waiting;
    std::optional<Place> held;  // its operator models something remote, which takes until then
    int64_t until_ns = 0;
    sage_op_output out{};  // the result in it is the operator's until that is called again
  };

  bool execute(Replica& replica, Place request) {
    inputs_.clear();
    for (size_t i = 0; i < request->read->elements; ++i)
      inputs_.push_back({request->read->element[i]->str, request->read->element[i]->len});
    const sage_op_input in = {sizeof in, request->step, &request->row, inputs_.data(), inputs_.size()};
    replica.out = {};
    replica.out.struct_size = sizeof replica.out;
    sage_span span{};
    span.id = request->row.id;
    span.stage = replica.stage;
    span.step = static_cast<uint16_t>(request->step);
    span.begin_ns = host_.now_ns();
    const auto status = run_->operators->run(replica.op, &in, &replica.out);
    span.end_ns = host_.now_ns();
    request->spans.push_back(span);
    return status == SAGE_OK;
  }

  void hold(Replica& replica, Place request) {
    replica.held = request;
    replica.until_ns = request->spans.back().end_ns + replica.out.hold_ns;
  }

  Place executed(const Replica& replica, Place request) {
    auto& span = request->spans.back();
    if (const auto first_ns = sage::first_token_ns(replica.out, span.begin_ns, span.end_ns); first_ns != 0) {
      sage_completion first{};
      first.id = request->row.id;
      first.at_ns = std::min(first_ns, host_.now_ns());
      first.begun_ns = request->spans.front().begin_ns;
      first.flags = SAGE_COMPLETION_PARTIAL;
      first.units = 1;
      host_.complete({&first, 1});
    }
    if (replica.out.hold_ns > 0) span.end_ns = host_.now_ns();
    busy_ns_ += span.end_ns - span.begin_ns;
    request->end.digest = replica.out.digest;
    request->end.units = replica.out.units;
    return request;
  }

  sage::Host host_;
  const sage_run* run_ = nullptr;
  std::vector<Replica> replicas_;      // of all stages, in their order
  std::vector<std::ptrdiff_t> first_;  // of each stage, and the end
  std::vector<sage_bytes> inputs_;
  std::atomic<int64_t> busy_ns_ = 0;
};

}  // namespace redis
