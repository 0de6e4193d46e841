// The mix of chat and embedding requests that several workloads offer, and the model server that answers them.
//
//   chat       a prompt of units_in tokens, an answer of units_out: prefill, then decode token by token
//   embedding  a text of units_in tokens to a vector: a prefill without a decode
//
// The server is one operator, `serve`. Either one pool of replicas takes both classes (unified), or each class has a
// pool of its own (separated). Class, sizes and priority of a request are drawn from (seed, seq), each for itself, so
// that changing one leaves the others alone.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

namespace operators::model_server {

// Indices of the mix's classes and of its pipelines. A workload may add more after them; `serve` answers those as chat.
enum MixClass : uint16_t { chat = 0, embedding = 1 };

struct TokenRange {
  uint32_t low = 1, high = 1;  // both included
  // The options `NAME_min` and `NAME_max`.
  static TokenRange from_json(const sage::Json& options, const std::string& name, TokenRange otherwise);
};

class Mix {
 public:
  // Options: seed, llm_ratio, urgent_share, input_tokens_min/max, output_tokens_min/max. Throws sage::Failure.
  explicit Mix(const sage::Json& options);

  // Completes a row: class, pipeline, sizes, priority (0 urgent, 1 not) and flags. Sizes that a trace gave are kept.
  void complete(sage_request& row) const;

 private:
  double llm_ratio_;
  double urgent_share_;
  TokenRange input_, output_;
  sage::Draw classes_, inputs_, outputs_, priorities_;
};

enum class Pools { unified, separated };

// Stages, pipelines and classes of the mix. Separated pools have `parallelism` replicas a node each, and a unified one
// as many as both together, so that the two compare at equal resources. Options: those of `serve`, and the objectives
// slo_chat_ms, slo_ttft_ms, slo_tpot_ms (of chat), slo_embedding_ms; 0 = none.
sage::Description describe_mix(const sage::Json& options, Pools pools, uint32_t parallelism);

// `serve`; null for any other name. Options: prefill_us_per_token, decode_us_per_token, generate (remote, cpu),
// dimensions, and those of the language.
std::unique_ptr<sage::Operator> open_mix_operator(std::string_view name, const sage::Json& config);

}  // namespace operators::model_server
