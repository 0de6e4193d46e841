#include "operators/model_server/mix.hpp"

#include <cmath>
#include <string>

#include "operators/common/config.hpp"
#include "operators/common/text.hpp"
#include "operators/common/wire.hpp"
#include "operators/model_server/embed.hpp"
#include "operators/model_server/generate.hpp"

namespace operators::model_server {
namespace {

int64_t slo_ns(const sage::Json& options, const char* name, double otherwise_ms) {
  return static_cast<int64_t>(common::read<double>(options, name, otherwise_ms, 0, 1e9) * 1e6);
}

// Input: the request's payload as text; an empty one stands for the synthetic text of (seed, seq).
// Output: that of Generate or of Embed.
class Serve final : public sage::Operator {
 public:
  explicit Serve(const sage::Json& config)
      : language_config_(common::LanguageConfig::from_json(config)),
        language_(language_config_),
        model_(GenerateConfig::from_json(config)),
        generate_(model_),
        embed_(EmbedConfig::from_json(config)) {}

  void run(const sage::OpInput& in, sage_op_output& out) override {
    if (in.request().class_id != MixClass::embedding) {
      answer(in, out);
    } else {
      embed_.run(in, out);
      // Waiting for a remote engine; on the CPU the vector's own cost is the cost.
      if (!model_.burn_cpu) out.hold_ns = std::llround(in.request().units_in * model_.prefill_us_per_token * 1e3);
    }
  }

 private:
  void answer(const sage::OpInput& in, sage_op_output& out) {
    const auto& request = in.request();
    const common::Sizes sizes{request.units_in, request.units_out};
    prompt_.clear();
    prompt_.put_array(common::Section::sizes, std::span(&sizes, 1));
    if (in.size() != 0 && !in.text().empty())
      prompt_.put_text(common::Section::query, in.text());
    else
      prompt_.put_text(common::Section::query,
                       common::request_text(language_, language_config_.seed, request.seq, request.units_in));
    prompt_.put_text(common::Section::context, "");
    const sage_bytes bytes{prompt_.bytes().data(), prompt_.bytes().size()};
    const sage_op_input input{sizeof(sage_op_input), in.step(), &request, &bytes, 1};
    generate_.run(sage::OpInput(input), out);
  }

  common::LanguageConfig language_config_;
  common::Language language_;
  GenerateConfig model_;
  Generate generate_;
  Embed embed_;
  common::MessageWriter prompt_;
};

}  // namespace

TokenRange TokenRange::from_json(const sage::Json& options, const std::string& name, TokenRange otherwise) {
  constexpr uint32_t tokens_max = 1'000'000;
  const auto low = name + "_min", high = name + "_max";
  const TokenRange range{common::read<uint32_t>(options, low.c_str(), otherwise.low, 1, tokens_max),
                         common::read<uint32_t>(options, high.c_str(), otherwise.high, 1, tokens_max)};
  if (range.low > range.high)
    throw sage::Failure(SAGE_INVALID, "option '" + low + "' is " + std::to_string(range.low) + ", above '" + high +
                                          "' of " + std::to_string(range.high) + "; lower it");
  return range;
}

Mix::Mix(const sage::Json& options)
    : llm_ratio_(common::read<double>(options, "llm_ratio", 0.7, 0, 1)),
      urgent_share_(common::read<double>(options, "urgent_share", 0, 0, 1)),
      input_(TokenRange::from_json(options, "input_tokens", {256, 512})),
      output_(TokenRange::from_json(options, "output_tokens", {64, 256})),
      classes_(common::read<uint64_t>(options, "seed", 42), "class"),
      inputs_(common::read<uint64_t>(options, "seed", 42), "input_tokens"),
      outputs_(common::read<uint64_t>(options, "seed", 42), "output_tokens"),
      priorities_(common::read<uint64_t>(options, "seed", 42), "priority") {}

void Mix::complete(sage_request& row) const {
  const bool is_chat = classes_.unit(row.seq) < llm_ratio_;
  row.class_id = is_chat ? MixClass::chat : MixClass::embedding;
  row.pipeline = row.class_id;
  row.priority = priorities_.unit(row.seq) < urgent_share_ ? 0 : 1;
  row.flags |= SAGE_REQUEST_IDEMPOTENT;  // the server keeps no state
  if (row.units_in == 0) row.units_in = static_cast<uint32_t>(inputs_.integer(row.seq, input_.low, input_.high));
  if (!is_chat) row.units_out = 0;
  if (is_chat && row.units_out == 0)
    row.units_out = static_cast<uint32_t>(outputs_.integer(row.seq, output_.low, output_.high));
}

sage::Description describe_mix(const sage::Json& options, Pools pools, uint32_t parallelism) {
  const auto model = GenerateConfig::from_json(options);
  sage::Description description;
  // For simulators: the model's time, and the CPU time of drawing the text and answering, measured on an AMD EPYC core.
  const auto stage = [&](const char* name, uint32_t replicas) {
    description.stages.push_back({name, "serve", options, SAGE_KEY_NONE, replicas, 60e3,
                                  model.prefill_us_per_token * 1e3, model.decode_us_per_token * 1e3});
  };
  if (pools == Pools::unified) {
    stage("serve", 2 * parallelism);
    description.pipelines = {{"chat", {{0, {}}}}, {"embedding", {{0, {}}}}};
  } else {
    stage("chat", parallelism);
    stage("embedding", parallelism);
    description.pipelines = {{"chat", {{0, {}}}}, {"embedding", {{1, {}}}}};
  }
  description.classes = {{"chat", slo_ns(options, "slo_chat_ms", 500), slo_ns(options, "slo_ttft_ms", 0),
                          slo_ns(options, "slo_tpot_ms", 0)},
                         {"embedding", slo_ns(options, "slo_embedding_ms", 100), 0, 0}};
  return description;
}

std::unique_ptr<sage::Operator> open_mix_operator(std::string_view name, const sage::Json& config) {
  return name == "serve" ? std::make_unique<Serve>(config) : nullptr;
}

}  // namespace operators::model_server
