// Executes each request inside submit, one step after the other, and damages what its option `what` names.
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "instant.hpp"

class Broken : public sage::Backend {
 public:
  Broken(sage::Host host, std::string_view /*id*/, const sage::Json& options)
      : host_(host), what_(options.value("what", "nothing")) {}

  void open(const sage_run& run) override {
    pipelines_ = run.pipelines;  // the lists outlive `run`, which does not outlive this call
    table_ = run.operators;
    for (uint64_t s = 0; s < run.n_stages; ++s) {
      const auto& stage = *run.stages[s];
      void* op = nullptr;
      if (run.operators->open(run.operators->self, stage.operator_name, stage.config, 0, 1, &op) != SAGE_OK)
        throw sage::Failure(SAGE_FAILED, "an operator cannot be opened");
      operators_.push_back(op);
    }
  }

  size_t submit(std::span<const sage_request> rows) override {
    if (what_ == "submit" && rows[0].seq == 100) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    for (const auto& row : rows) {
      execute(row);
      if (what_ == "drain" && row.seq >= 200)
        kept_.push_back(row.id);
      else
        complete(row);
    }
    return rows.size();
  }

  bool drain(int64_t /*timeout_ns*/) override {
    if (!kept_.empty() && !later_.joinable())
      later_ = std::thread([this] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        for (const auto id : kept_) {
          sage_completion done{};
          done.id = id;
          host_.complete({&done, 1});
        }
      });
    return true;
  }

  void close() override {
    if (later_.joinable()) later_.join();
    for (void* op : operators_) table_->close(op);
  }

 private:
  void execute(const sage_request& row) {
    const auto& pipeline = *pipelines_[row.pipeline];
    std::vector<std::vector<std::byte>> outputs;
    for (uint32_t s = 0; s < pipeline.n_steps; ++s) {
      const auto& step = *pipeline.steps[s];
      std::vector<sage_bytes> inputs;
      for (uint32_t i = 0; i < step.n_inputs; ++i)
        inputs.push_back({outputs[step.inputs[i]].data(), outputs[step.inputs[i]].size()});
      if (inputs.empty()) inputs.push_back(row.payload);
      const sage_op_input in = {sizeof in, s, &row, inputs.data(), inputs.size()};
      sage_op_output out{};
      out.struct_size = sizeof out;
      if (table_->run(operators_[step.stage], &in, &out) != SAGE_OK)
        throw sage::Failure(SAGE_FAILED, "an operator failed");
      const auto bytes = sage::view(out.result);
      outputs.emplace_back(bytes.begin(), bytes.end());
      digest_ = out.digest;
    }
    result_ = std::move(outputs.back());
  }

  void complete(const sage_request& row) {
    if (what_ == "digest" || (what_ == "some_digests" && row.seq % 10 == 0)) digest_ = 0;
    if (what_ == "bytes" && row.seq == 50) result_.back() ^= std::byte{1};
    sage_completion done{};
    done.id = row.id;
    done.digest = digest_;
    done.result = {result_.data(), result_.size()};
    host_.complete({&done, 1});
  }

  sage::Host host_;
  const std::string what_;
  decltype(sage_run::pipelines) pipelines_ = nullptr;
  decltype(sage_run::operators) table_ = nullptr;
  std::vector<void*> operators_;
  std::vector<std::byte> result_;
  uint64_t digest_ = 0;
  std::vector<uint64_t> kept_;
  std::thread later_;
};

SAGE_PLUGIN(Broken)
