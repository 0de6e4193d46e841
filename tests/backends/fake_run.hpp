// A run of the threads backend on operators that a test writes as lambdas.
#pragma once

#include <sage/plugin.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backend.hpp"
#include "fake_host.hpp"

namespace fake {

// What an operator does for one request; `state` is the instance's own memory.
struct Context {
  const sage::OpInput& in;
  sage_op_output& out;
  uint32_t replica;
  std::map<uint64_t, uint64_t>& state;
  std::string& result;

  // The first 8 bytes of an input; what is missing is zero.
  [[nodiscard]] uint64_t word(size_t i = 0) const {
    uint64_t value = 0;
    const auto bytes = in.bytes(i);
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), std::min(sizeof(value), bytes.size()));
    return value;
  }
  void give(uint64_t value) {
    result.assign(reinterpret_cast<const char*>(&value), sizeof(value));
    out.result = {result.data(), result.size()};
    out.digest = value;
  }
};
using Body = std::function<void(Context)>;

class LambdaOperator : public sage::Operator {
 public:
  LambdaOperator(const Body& body, uint32_t replica) : body_(body), replica_(replica) {}
  void run(const sage::OpInput& in, sage_op_output& out) override { body_({in, out, replica_, state_, result_}); }

 private:
  const Body& body_;
  const uint32_t replica_;
  std::map<uint64_t, uint64_t> state_;
  std::string result_;
};

// Stages are given by name and body; the operator has the stage's name.
class Workload : public sage::Workload {
 public:
  Workload() { description.classes = {{"all"}}; }
  uint32_t stage(const std::string& name, Body body, uint32_t key_by = SAGE_KEY_NONE) {
    bodies[name] = std::move(body);
    sage::StageSpec spec;
    spec.name = spec.operator_name = name;
    spec.key_by = key_by;
    description.stages.push_back(spec);
    return static_cast<uint32_t>(description.stages.size() - 1);
  }
  void pipeline(std::vector<sage::StepSpec> steps) { description.pipelines.push_back({"p", std::move(steps)}); }
  void chain(const std::vector<uint32_t>& stages) {
    std::vector<sage::StepSpec> steps;
    for (uint32_t s = 0; s < stages.size(); ++s)
      steps.push_back({stages[s], s == 0 ? std::vector<uint32_t>{} : std::vector<uint32_t>{s - 1}});
    pipeline(std::move(steps));
  }

  const sage::Description& describe() override { return description; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view name, const sage::Json&, uint32_t replica,
                                                uint32_t) override {
    if (refuse_to_open) throw sage::Failure(SAGE_FAILED, "refused");
    return std::make_unique<LambdaOperator>(bodies.at(std::string(name)), replica);
  }
  size_t plan(std::span<sage_request>) override { return 0; }

  sage::Description description;
  std::map<std::string, Body> bodies;
  std::atomic<bool> refuse_to_open{false};
};

struct RunOptions {
  uint32_t parallelism = 1;
  uint32_t nodes = 1;
  uint64_t max_in_flight = 1024;
  std::string scheduler = "default";
  sage::Json backend = sage::Json::object();
};

// Request number seq has id seq + 1.
class Run {
 public:
  // The workload's description is complete.
  explicit Run(sage::Workload& workload, RunOptions options = {})
      : options_(std::move(options)),
        tables_(workload.describe()),
        backend(sage::Host(host.table()), "threads", options_.backend) {
    instance_.host = host.table();
    instance_.object.reset(&workload);
    operators_ = {sizeof(sage_operators),      0, &instance_, sage::detail::operator_open, sage::detail::operator_run,
                  sage::detail::operator_close};
    run_.struct_size = sizeof(run_);
    run_.nodes = options_.nodes;
    run_.parallelism = options_.parallelism;
    run_.max_in_flight = options_.max_in_flight;
    run_.scheduler = sage::str(options_.scheduler);
    run_.stages = tables_.stage_pointers.data();
    run_.n_stages = tables_.stage_pointers.size();
    run_.pipelines = tables_.pipeline_pointers.data();
    run_.n_pipelines = tables_.pipeline_pointers.size();
    run_.classes = tables_.class_pointers.data();
    run_.n_classes = tables_.class_pointers.size();
    run_.operators = &operators_;
  }
  ~Run() {
    backend.close();
    (void)instance_.object.release();  // the test's own
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void open() { backend.open(run_); }
  static sage_request request(uint64_t seq, uint64_t key = 0, uint8_t priority = 0) {
    sage_request row{};
    row.id = seq + 1;
    row.seq = seq;
    row.key = key;
    row.priority = priority;
    return row;
  }
  size_t submit(const std::vector<sage_request>& rows) { return backend.submit(rows); }
  // Offers the rows until all are taken, as the host does.
  void submit_all(const std::vector<sage_request>& rows) {
    for (size_t at = 0; at < rows.size();) {
      const auto taken = backend.submit(std::span(rows).subspan(at));
      if (taken == 0) std::this_thread::yield();
      at += taken;
    }
  }
  // Returns the event's id.
  uint64_t control(uint32_t kind, const std::string& target, const sage::Json& args) {
    const auto text = args.dump();
    backend.control({++event_, 0, sage::str(target), sage::str(text), kind, 0, 0});
    return event_;
  }
  uint64_t fault(const std::string& target, const std::string& stage, uint32_t worker) {
    return control(SAGE_EVENT_FAULT, target, {{"stage", stage}, {"worker", worker}});
  }
  uint64_t heal(const std::string& target, const std::string& stage, uint32_t worker) {
    return control(SAGE_EVENT_HEAL, target, {{"stage", stage}, {"worker", worker}});
  }
  uint64_t resize(const std::string& stage, uint32_t value) {
    return control(SAGE_EVENT_RECONFIGURE, "parallelism", {{"stage", stage}, {"value", value}});
  }
  bool drain() { return backend.drain(std::chrono::nanoseconds(patience).count()); }

  Host host;

 private:
  const RunOptions options_;
  sage::detail::DescriptionTables tables_;
  sage::detail::WorkloadInstance instance_;
  sage_operators operators_{};
  sage_run run_{};
  uint64_t event_ = 0;

 public:
  threads::ThreadsBackend backend;  // destroyed first
};

// A place where operators wait until the test lets them on.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  bool wait_for_arrivals(size_t n) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return arrived_ >= n; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t arrived_ = 0;
  bool open_ = false;
};

inline constexpr int64_t hour_ns = 3'600'000'000'000;

inline std::vector<sage_request> requests(uint64_t n, uint64_t keys = 1) {
  std::vector<sage_request> rows;
  for (uint64_t seq = 0; seq < n; ++seq) rows.push_back(Run::request(seq, sage::Draw(1, "keys").bits(seq) % keys));
  return rows;
}

}  // namespace fake
