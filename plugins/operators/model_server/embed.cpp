#include "operators/model_server/embed.hpp"

#include <array>
#include <cmath>

#include "operators/common/config.hpp"

namespace operators::model_server {
namespace {

constexpr size_t char_gram_min = 3;
constexpr size_t char_gram_max = 5;
// Weights of the features: whole words carry the topic, subwords and word pairs refine it.
constexpr float word_weight = 1.0F;
constexpr float pair_weight = 0.5F;
constexpr float char_gram_weight = 0.25F;

// The hash chooses a coordinate and a sign, so that collisions cancel in expectation.
void add_feature(uint64_t hash, float weight, std::span<float> out) {
  const auto at = static_cast<size_t>((static_cast<unsigned __int128>(hash) * out.size()) >> 64);
  out[at] += (hash & 1U) != 0 ? weight : -weight;
}

}  // namespace

void embed_text(std::string_view text, std::span<float> out) {
  std::fill(out.begin(), out.end(), 0.0F);
  uint64_t previous = 0;
  for (const auto word : common::split_words(text)) {
    const auto hash = common::digest_of(word);
    add_feature(hash, word_weight, out);
    if (previous != 0) add_feature(sage::Draw::mix(previous + 3 * hash), pair_weight, out);
    previous = hash;
    for (size_t n = char_gram_min; n <= char_gram_max; ++n)
      for (size_t at = 0; at + n <= word.size(); ++at)
        add_feature(common::digest_of(word.substr(at, n)), char_gram_weight, out);
  }
  // Square roots keep the few most frequent words of a Zipf vocabulary from drowning the rest.
  double norm = 0;
  for (auto& x : out) {
    x = std::copysign(std::sqrt(std::fabs(x)), x);
    norm += static_cast<double>(x) * static_cast<double>(x);
  }
  if (norm == 0) {
    out[0] = 1;
    return;
  }
  const auto scale = static_cast<float>(1 / std::sqrt(norm));
  for (auto& x : out) x *= scale;
}

float dot(std::span<const float> a, std::span<const float> b) {
  std::array<float, 8> lanes{};
  size_t i = 0;
  for (; i + lanes.size() <= a.size(); i += lanes.size())
    for (size_t lane = 0; lane < lanes.size(); ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  for (; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

EmbedConfig EmbedConfig::from_json(const sage::Json& config) {
  return {common::StreamsConfig::from_json(config), common::read<uint32_t>(config, "dimensions", 384, 128, 1024)};
}

Embed::Embed(const EmbedConfig& config) : streams_(config.streams), vector_(config.dimensions, 0.0F) {}

void Embed::run(const sage::OpInput& in, sage_op_output& out) {
  const auto& request = in.request();
  std::string drawn;
  auto text = in.size() == 0 ? std::string_view() : in.text();
  if (text.empty()) text = drawn = streams_.query(request.seq, request.units_in);
  embed_text(text, vector_);

  const common::Sizes sizes{request.units_in, request.units_out};
  message_.clear();
  message_.put_array(common::Section::sizes, std::span(&sizes, 1));
  message_.put_text(common::Section::query, text);
  message_.put_array(common::Section::vector, std::span<const float>(vector_));
  common::deliver(message_, out);
}

}  // namespace operators::model_server
