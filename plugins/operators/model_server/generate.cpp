#include "operators/model_server/generate.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <vector>

#include "operators/common/churn.hpp"
#include "operators/common/config.hpp"
#include "operators/common/text.hpp"

namespace operators::model_server {
namespace {

constexpr uint32_t units_out_max = 1'000'000;  // 5 MB of text: more is a damaged message or trace

int64_t to_ns(double us) { return std::llround(us * 1000); }

}  // namespace

GenerateConfig GenerateConfig::from_json(const sage::Json& config) {
  GenerateConfig c;
  c.prefill_us_per_token = common::read<double>(config, "prefill_us_per_token", c.prefill_us_per_token, 0, 1e6);
  c.decode_us_per_token = common::read<double>(config, "decode_us_per_token", c.decode_us_per_token, 0, 1e6);
  const auto how = common::read_text(config, "generate", "remote");
  if (how != "remote" && how != "cpu")
    throw sage::Failure(SAGE_INVALID, "option 'generate' is '" + how + "'; it must be remote or cpu");
  c.burn_cpu = how == "cpu";
  return c;
}

std::string generate_text(std::string_view query, std::string_view context, uint32_t tokens) {
  auto words = common::split_words(context);
  if (words.empty()) words = common::split_words(query);
  if (words.empty()) return {};
  std::unordered_map<std::string_view, std::vector<uint32_t>> followers;  // word -> where its successors stand
  for (uint32_t i = 0; i + 1 < words.size(); ++i) followers[words[i]].push_back(i + 1);

  const sage::Draw draw(common::digest_of(query), "generate");
  std::string text;
  uint64_t at = draw.integer(0, 0, words.size() - 1);
  for (uint32_t n = 1; n <= tokens; ++n) {
    text.append(words[at]).append(n == tokens ? "." : " ");
    const auto next = followers.find(words[at]);
    at = next == followers.end() ? draw.integer(n, 0, words.size() - 1)
                                 : next->second[draw.integer(n, 0, next->second.size() - 1)];
  }
  return text;
}

void Generate::run(const sage::OpInput& in, sage_op_output& out) {
  const common::MessageReader input(in.bytes(), "generate");
  const auto sizes = input.sizes();
  const auto query = input.text(common::Section::query);
  const auto context = input.text(common::Section::context);
  if (sizes.units_out > units_out_max)
    throw sage::Failure(SAGE_FAILED, "generate: " + std::to_string(sizes.units_out) + " output tokens asked; at most " +
                                         std::to_string(units_out_max));
  auto answer = generate_text(query, context, sizes.units_out);

  auto query_tokens = common::split_words(query).size();
  // A batch is padded to its longest query.
  if (input.has(common::Section::batch)) query_tokens = std::max<size_t>(query_tokens, input.batch().longest);
  const auto prompt_tokens = query_tokens + common::split_words(context).size();
  const double prefill_us = static_cast<double>(prompt_tokens) * config_.prefill_us_per_token;
  const double decode_us = sizes.units_out * config_.decode_us_per_token;
  if (config_.burn_cpu) {
    // The work's outcome is part of the answer, so nothing can skip it.
    answer += " #" + std::to_string(common::churn(common::digest_of(answer), prefill_us + decode_us));
  } else {
    out.hold_ns = to_ns(prefill_us + decode_us);
    if (sizes.units_out > 0) out.first_after_ns = to_ns(prefill_us + config_.decode_us_per_token);
  }
  out.units = sizes.units_out;

  message_.clear();
  message_.put_array(common::Section::sizes, std::span(&sizes, 1));
  message_.put_text(common::Section::answer, answer);
  common::deliver(message_, out);
}

}  // namespace operators::model_server
