#include "workloads/q2/control_mix.hpp"

#include <string>

#include "operators/common/config.hpp"

namespace workloads::q2 {
namespace {

// vllm_only is a language model's engine alone: there is nothing that could embed.
sage::Json with_baseline(sage::Json options) {
  if (operators::common::read_text(options, "baseline", "unified") == "vllm_only") options["llm_ratio"] = 1.0;
  return options;
}

operators::model_server::Pools read_pools(const sage::Json& options) {
  const auto baseline = operators::common::read_text(options, "baseline", "unified");
  if (baseline == "unified" || baseline == "sage_unified") return operators::model_server::Pools::unified;
  if (baseline == "separated" || baseline == "vllm_only") return operators::model_server::Pools::separated;
  throw sage::Failure(SAGE_INVALID, "q2 has no baseline '" + baseline +
                                        "'; use --baseline unified, sage_unified, separated or vllm_only");
}

}  // namespace

ControlMix::ControlMix(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& options)
    : mix_(with_baseline(options)),
      description_(operators::model_server::describe_mix(
          options, read_pools(options), operators::common::read<uint32_t>(options, "parallelism", 2, 1))),
      check_(operators::common::DigestCheck::from_json(options)) {
  description_.tenants = {"premium", "standard"};  // in the order of their priorities
}

std::unique_ptr<sage::Operator> ControlMix::open_operator(std::string_view name, const sage::Json& config,
                                                          uint32_t /*replica*/, uint32_t /*replicas*/) {
  return operators::model_server::open_mix_operator(name, config);
}

size_t ControlMix::plan(std::span<sage_request> rows) {
  for (auto& row : rows) {
    mix_.complete(row);
    row.tenant = row.priority;
  }
  return rows.size();
}

void ControlMix::settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) {
  check_.settle(rows, verdicts);
}

sage::Conclusion ControlMix::conclude() {
  return check_.conclude(*this, [this](sage_request& row) { mix_.complete(row); });
}

}  // namespace workloads::q2
