#include "workloads/q1/pipeline_chain.hpp"

#include <string>

#include "operators/config.hpp"
#include "operators/rag.hpp"

namespace workloads {
namespace {

using operators::read;

enum Pipeline : uint16_t { chain, embed_only };
enum Class : uint16_t { chat, embedding };

int64_t ms_to_ns(double ms) { return static_cast<int64_t>(ms * 1e6); }

}  // namespace

PipelineChain::PipelineChain(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& options)
    : seed_(read<uint64_t>(options, "seed", 42)),
      llm_ratio_(read<double>(options, "llm_ratio", 0.6, 0, 1)),
      input_(token_range(options, "input_tokens_min", 256, "input_tokens_max", 512)),
      output_(token_range(options, "output_tokens_min", 64, "output_tokens_max", 256)),
      classes_(seed_, "class"),
      inputs_(seed_, "input_tokens"),
      outputs_(seed_, "output_tokens"),
      check_(operators::DigestCheck::from_json(options)) {
  const auto variant = operators::read_text(options, "variant", "basic");
  if (variant == "basic") {
    describe_basic(options);
  } else {
    throw sage::Failure(SAGE_INVALID, "q1 has no variant '" + variant + "' in this version; use --variant basic");
  }
  description_.classes = {{"chat", ms_to_ns(read<double>(options, "slo_chat_ms", 500, 0.001)), 0, 0},
                          {"embedding", ms_to_ns(read<double>(options, "slo_embedding_ms", 100, 0.001)), 0, 0}};
}

PipelineChain::TokenRange PipelineChain::token_range(const sage::Json& options, const char* low, uint32_t low_default,
                                                     const char* high, uint32_t high_default) {
  constexpr uint32_t tokens_max = 1'000'000;
  const TokenRange range{read<uint32_t>(options, low, low_default, 1, tokens_max),
                         read<uint32_t>(options, high, high_default, 1, tokens_max)};
  if (range.low > range.high)
    throw sage::Failure(SAGE_INVALID, "option '" + std::string(low) + "' is " + std::to_string(range.low) +
                                          ", above '" + high + "' of " + std::to_string(range.high) + "; lower it");
  return range;
}

void PipelineChain::describe_basic(const sage::Json& options) {
  // One object configures all stages: each operator reads the members it knows.
  const auto stage = [&](const char* name, double base_us, double in_us, double out_us) {
    description_.stages.push_back({name, name, options, SAGE_KEY_NONE, 0, base_us * 1e3, in_us * 1e3, out_us * 1e3});
  };
  // Mean service times for simulators, in us, measured at the default options on an AMD EPYC core.
  stage("embed", 3, 0.11, 0);
  stage("retrieve", 125, 0, 0);
  stage("rerank", 95, 0.25, 0);
  stage("refine", 450, 0.25, 0);
  const double prefill_us = read<double>(options, "prefill_us_per_token", 20, 0);
  const double decode_us = read<double>(options, "decode_us_per_token", 200, 0);
  const double context_tokens = read<double>(options, "context_tokens", 256, 1);
  stage("generate", 45 + prefill_us * context_tokens, prefill_us, decode_us);

  description_.pipelines = {{"chain", {{0, {}}, {1, {0}}, {2, {1}}, {3, {2}}, {4, {3}}}}, {"embed", {{0, {}}}}};
}

std::unique_ptr<sage::Operator> PipelineChain::open_operator(std::string_view name, const sage::Json& config,
                                                             uint32_t /*replica*/, uint32_t /*replicas*/) {
  return operators::open_rag_operator(name, config);
}

size_t PipelineChain::plan(std::span<sage_request> rows) {
  for (auto& row : rows) fill(row);
  return rows.size();
}

// Sizes that a trace gave are kept.
void PipelineChain::fill(sage_request& row) const {
  const bool is_chat = classes_.unit(row.seq) < llm_ratio_;
  row.pipeline = is_chat ? Pipeline::chain : Pipeline::embed_only;
  row.class_id = is_chat ? Class::chat : Class::embedding;
  row.flags |= SAGE_REQUEST_IDEMPOTENT;  // no stage keeps state
  if (row.units_in == 0) row.units_in = static_cast<uint32_t>(inputs_.integer(row.seq, input_.low, input_.high));
  if (!is_chat) row.units_out = 0;
  if (is_chat && row.units_out == 0)
    row.units_out = static_cast<uint32_t>(outputs_.integer(row.seq, output_.low, output_.high));
}

void PipelineChain::settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) {
  check_.settle(rows, verdicts);
}

sage::Conclusion PipelineChain::conclude() {
  return check_.conclude(*this, [this](sage_request& row) { fill(row); });
}

}  // namespace workloads
