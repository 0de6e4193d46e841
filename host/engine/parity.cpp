#include "engine/parity.hpp"
#include "base/clock.hpp"

#include <fmt/format.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <chrono>

namespace host::engine {
namespace {

constexpr size_t differing_max = 10;  // seqs that the record names

// One instance of each stage's operator, opened when it is first needed.
class SerialStages {
 public:
  explicit SerialStages(const WorkloadCalls& workload) : workload_(workload), operators_(workload.stages.size()) {}
  ~SerialStages() {
    for (void* op : operators_)
      if (op != nullptr) workload_.operators.close(op);
  }
  SerialStages(const SerialStages&) = delete;
  SerialStages& operator=(const SerialStages&) = delete;

  // The digest of the request's result, 0 when a step fails.
  uint64_t run(const sage_request& request) {
    const auto& pipeline = *workload_.pipelines[request.pipeline];
    outputs_.resize(std::max<size_t>(outputs_.size(), pipeline.n_steps));
    uint64_t digest = 0;
    for (uint32_t s = 0; s < pipeline.n_steps; ++s) {
      const auto& step = *pipeline.steps[s];
      std::vector<sage_bytes> inputs;
      for (uint32_t i = 0; i < step.n_inputs; ++i) {
        const auto& output = outputs_[step.inputs[i]];
        inputs.push_back({output.data(), output.size()});
      }
      if (inputs.empty()) inputs.push_back(request.payload);
      const sage_op_input in = {sizeof(sage_op_input), s, &request, inputs.data(), inputs.size()};
      sage_op_output out{};
      out.struct_size = sizeof out;
      if (workload_.operators.run(opened(step.stage), &in, &out) != SAGE_OK) return 0;
      const auto result = sage::view(out.result);
      outputs_[s].assign(result.begin(), result.end());
      digest = out.digest;
    }
    return digest;
  }

 private:
  void* opened(uint32_t stage) {
    auto& op = operators_[stage];
    const auto& description = *workload_.stages[stage];
    if (op == nullptr && workload_.operators.open(workload_.operators.self, description.operator_name,
                                                  description.config, 0, 1, &op) != SAGE_OK)
      throw base::Error(base::Exit::failed, fmt::format("output parity: operator '{}' cannot be opened: {}",
                                                        sage::view(description.operator_name), take_failure_text()));
    return op;
  }
  const WorkloadCalls& workload_;
  std::vector<void*> operators_;
  std::vector<std::vector<std::byte>> outputs_;  // of the steps; keep their capacity
};

}  // namespace

Parity::Parity(uint64_t limit) : limit_(limit), given_(std::make_unique<Given[]>(limit)) { rows_.reserve(limit); }

void Parity::keep(const sage_request& row) {
  auto& kept = rows_.emplace_back(row);
  if (row.payload.size == 0) return;
  const auto payload = sage::view(row.payload);
  auto& copy = payloads_.emplace_back(payload.begin(), payload.end());
  kept.payload.ptr = copy.data();
}

records::ParityResult Parity::check(const WorkloadCalls& workload, int64_t budget_ns,
                                    const std::string& no_digests) const {
  records::ParityResult result;
  const auto ok = [&](const sage_request& row) { return given_[row.seq].ok.load(std::memory_order_relaxed); };
  const auto digest = [&](const sage_request& row) { return given_[row.seq].digest.load(std::memory_order_relaxed); };
  if (std::ranges::none_of(rows_, ok)) return result;
  const auto expects_none = [&](const sage_request& row) {
    const auto& pipeline = *workload.pipelines[row.pipeline];
    return SAGE_HAS_FIELD(&pipeline, sage_pipeline, flags) && (pipeline.flags & SAGE_PIPELINE_NO_DIGEST) != 0;
  };
  if (std::ranges::all_of(rows_, expects_none)) {
    result.reason = fmt::format("the results of pipeline '{}' are no function of seed and request, says the workload",
                                sage::view(workload.pipelines[rows_.front().pipeline]->name));
    return result;
  }
  if (!no_digests.empty() && std::ranges::none_of(rows_, digest)) {
    result.reason = no_digests;
    return result;
  }
  const auto scope = workload.operating(2 * budget_ns + call_limit_ns);
  auto stages = std::make_unique<SerialStages>(workload);
  const auto deadline_ns = base::monotonic_ns() + budget_ns;
  std::vector<uint64_t> expected_of;
  // Those that failed are executed too: state that others depend on has seen them, or may have.
  for (const auto& row : rows_) {
    if (expects_none(row)) {
      expected_of.push_back(0);
      continue;
    }
    if (base::monotonic_ns() > deadline_ns) {
      result.not_checked += ok(row) ? 1U : 0U;
      continue;
    }
    const auto expected = expected_of.emplace_back(stages->run(row));
    const auto given = digest(row);
    if (!ok(row)) continue;
    ++result.checked;
    if (expected == 0) ++result.none_expected;
    if (given == expected && given != 0) {
      ++result.equal;
      continue;
    }
    if (given == 0) ++result.missing;
    if (result.differing.size() < differing_max) result.differing.push_back(row.seq);
  }
  if (result.equal == result.checked) return result;
  // Whose fault is it? Results that are not the same twice in this process are the workload's.
  stages = std::make_unique<SerialStages>(workload);
  for (size_t i = 0; i < expected_of.size() && base::monotonic_ns() < deadline_ns + budget_ns; ++i)
    if (!expects_none(rows_[i]) && stages->run(rows_[i]) != expected_of[i]) ++result.unstable;
  return result;
}

}  // namespace host::engine
