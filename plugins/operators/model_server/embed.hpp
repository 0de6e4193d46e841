// embed: text -> unit vector, by feature hashing of word and character n-grams (Weinberger et al., ICML 2009; the
// subwords are fastText's, Bojanowski et al., TACL 2017). Cost grows with the number of tokens.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "operators/common/streams.hpp"
#include "operators/common/wire.hpp"

namespace operators::model_server {

// Writes the unit vector of `text` to `out`, whose size is its dimension. A text without words gives the first unit
// vector.
void embed_text(std::string_view text, std::span<float> out);

// Inner product in eight fixed lanes: vectorises without fast-math and sums in the same order everywhere.
float dot(std::span<const float> a, std::span<const float> b);

struct EmbedConfig {
  common::StreamsConfig streams;
  uint32_t dimensions = 384;
  static EmbedConfig from_json(const sage::Json& config);
};

// Input: the request's payload as text; an empty one stands for the synthetic query of (seed, seq) with units_in words.
// Output: sizes, query, vector.
class Embed final : public sage::Operator {
 public:
  explicit Embed(const EmbedConfig& config);
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  common::Streams streams_;
  std::vector<float> vector_;
  common::MessageWriter message_;
};

}  // namespace operators::model_server
