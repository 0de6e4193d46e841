// generate: the token model of a served LLM. The text comes from a first-order Markov chain over the context, so it is
// really derived from the input; the time comes from two figures that describe a serving engine, prefill and decode.
#pragma once

#include <sage/plugin.hpp>

#include <string>
#include <string_view>

#include "operators/common/wire.hpp"

namespace operators::model_server {

struct GenerateConfig {
  double prefill_us_per_token = 20;
  double decode_us_per_token = 200;
  bool burn_cpu = false;  // spend the time on the CPU (nominal us) instead of waiting for a remote engine
  static GenerateConfig from_json(const sage::Json& config);
};

// `tokens` words that follow each other as they do somewhere in `context`; without a context, the words of `query`.
std::string generate_text(std::string_view query, std::string_view context, uint32_t tokens);

// Input: sizes, query, context, and batch if there is one. Output: sizes, answer of sizes.units_out tokens.
// Waiting: hold_ns = prefill of (query, padded to the longest of its batch, + context) + decode of the answer; the
// first token is there after prefill and one decode step. Burning: the same work before returning, so there is no first
// token to speak of until the end.
class Generate final : public sage::Operator {
 public:
  explicit Generate(const GenerateConfig& config) : config_(config) {}
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  GenerateConfig config_;
  common::MessageWriter message_;
};

}  // namespace operators::model_server
