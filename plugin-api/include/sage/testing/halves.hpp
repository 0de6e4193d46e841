// The other half of a plugin under test: a backend, a workload.
#pragma once

#include <sage/testing.hpp>

namespace sage::testing {

// The digest that the request has when its steps are executed here, one after the other; 0 if one fails.
class SerialStages {
 public:
  SerialStages(const sage_run& run, const sage_operators& operators)
      : run_(run), operators_(operators), open_(run.n_stages) {}
  ~SerialStages() {
    for (void* op : open_)
      if (op != nullptr) operators_.close(op);
  }
  SerialStages(const SerialStages&) = delete;
  SerialStages& operator=(const SerialStages&) = delete;

  sage_op_output execute(const sage_request& request, std::string& result) {
    const auto& pipeline = *run_.pipelines[request.pipeline];
    std::vector<std::string> outputs(pipeline.n_steps);
    sage_op_output out{};
    for_each_step(run_, pipeline, [&](uint32_t s, const sage_stage& stage, std::span<const uint32_t> from) {
      std::vector<sage_bytes> inputs;
      for (const auto i : from) inputs.push_back({outputs[i].data(), outputs[i].size()});
      if (inputs.empty()) inputs.push_back(request.payload);
      const sage_op_input in{sizeof(sage_op_input), s, &request, inputs.data(), inputs.size()};
      out = {};
      out.struct_size = sizeof out;
      auto*& op = open_[pipeline.steps[s]->stage];
      if (op == nullptr && operators_.open(operators_.self, stage.operator_name, stage.config, 0, 1, &op) != SAGE_OK)
        throw std::runtime_error("operator " + std::string(view(stage.operator_name)) + " cannot be opened");
      if (operators_.run(op, &in, &out) != SAGE_OK) out.digest = 0;
      outputs[s].assign(static_cast<const char*>(out.result.ptr), static_cast<size_t>(out.result.size));
    });
    result = outputs.back();
    return out;
  }

 private:
  const sage_run& run_;
  const sage_operators& operators_;
  std::vector<void*> open_;
};

// A backend that executes each request at once. In virtual time a hold passes at once too.
class Serial : public Backend {
 public:
  Serial(sage::Host host, std::string_view /*id*/, const Json& /*options*/) : host_(host) {}
  void open(const sage_run& run) override { stages_ = std::make_unique<SerialStages>(run, *run.operators); }
  size_t submit(std::span<const sage_request> rows) override {
    for (const auto& row : rows) {
      std::string result;
      const auto out = stages_->execute(row, result);
      sage_completion done{};
      done.id = row.id;
      done.digest = out.digest;
      done.units = out.units;
      done.result = {result.data(), result.size()};
      host_.complete({&done, 1});
    }
    return rows.size();
  }
  bool drain(int64_t /*timeout_ns*/) override { return true; }
  void close() override { stages_.reset(); }
  int64_t advance(int64_t /*until_ns*/) override { return INT64_MAX; }

 private:
  sage::Host host_;
  std::unique_ptr<SerialStages> stages_;
};

// A workload of `steps` steps (option, 2), the last one keyed, whose results are judged. Options `hold_us`: how long a
// step occupies its replica; `payload`: bytes of each payload.
class Chain : public Workload {
 public:
  Chain(sage::Host /*host*/, std::string_view /*id*/, const Json& options)
      : hold_ns_(static_cast<int64_t>(options.value("hold_us", 0.0) * 1e3)),
        payload_(options.value("payload", size_t{16}), 'p') {
    const auto steps = options.value("steps", 2U);
    PipelineSpec pipeline{"chain", {}};
    for (uint32_t s = 0; s < steps; ++s) {
      what_.stages.push_back({.name = "s" + std::to_string(s),
                              .operator_name = "append",
                              .key_by = s + 1 == steps ? SAGE_KEY_REQUEST : SAGE_KEY_NONE});
      pipeline.steps.push_back({s, s == 0 ? std::vector<uint32_t>{} : std::vector<uint32_t>{s - 1}});
    }
    what_.pipelines.push_back(std::move(pipeline));
    what_.classes.push_back({.name = "all"});
  }
  const Description& describe() override { return what_; }
  std::unique_ptr<Operator> open_operator(std::string_view, const Json&, uint32_t, uint32_t) override {
    return std::make_unique<Append>(hold_ns_);
  }
  size_t plan(std::span<sage_request> rows) override {
    constexpr uint64_t keys = 13;
    for (auto& row : rows) {
      row.key = row.seq % keys;
      row.payload = {payload_.data(), payload_.size()};
      row.flags = SAGE_REQUEST_IDEMPOTENT;
    }
    return rows.size();
  }
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].outcome != SAGE_OUTCOME_OK) continue;
      auto expected = payload_;
      for (size_t s = 0; s < what_.stages.size(); ++s) expected += ' ' + std::to_string(rows[i].seq);
      const auto bytes = view(rows[i].result);
      const std::string_view result(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      verdicts[i] = result == expected ? SAGE_VERDICT_PASS : SAGE_VERDICT_WRONG;
    }
  }

 private:
  class Append : public Operator {
   public:
    explicit Append(int64_t hold_ns) : hold_ns_(hold_ns) {}
    void run(const OpInput& in, sage_op_output& out) override {
      result_ = std::string(in.text()) + ' ' + std::to_string(in.request().seq);
      out.result = {result_.data(), result_.size()};
      out.digest = Draw::fnv1a(result_);
      out.hold_ns = hold_ns_;
    }

   private:
    int64_t hold_ns_;
    std::string result_;
  };
  Description what_;
  int64_t hold_ns_;
  std::string payload_;
};

}  // namespace sage::testing
