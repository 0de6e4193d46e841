#include "workloads/q1/compute.hpp"

#include <algorithm>
#include <string>

#include "operators/common/config.hpp"
#include "operators/common/streams.hpp"
#include "operators/common/wire.hpp"
#include "workloads/q1/byte_pairs.hpp"

namespace workloads::q1 {
namespace {

using operators::common::MessageReader;
using operators::common::MessageWriter;
using operators::common::Section;
using operators::common::Streams;
using operators::common::StreamsConfig;

constexpr size_t longest_run = 5;        // of tokens that are one feature
constexpr uint32_t sample_words = 1000;  // merges are learnt from, in 1.2 ms
constexpr uint32_t merges = 128;

// Beside what any request has: the merges are those of the language, whatever replica learns them.
std::string sample_of(const StreamsConfig& config) {
  const operators::common::Language language(config.language);
  std::string sample;
  for (uint32_t topic = 0; topic < 4; ++topic)
    sample +=
        language.compose(sage::Draw(config.language.seed, "byte pairs"), topic % language.topics(), sample_words / 4);
  return sample;
}

// Input: the request's payload as text; an empty one stands for the synthetic text of (seed, seq).
class Tokenise final : public sage::Operator {
 public:
  explicit Tokenise(const StreamsConfig& config) : streams_(config), pairs_(sample_of(config), merges) {}

  void run(const sage::OpInput& in, sage_op_output& out) override {
    const auto& request = in.request();
    std::string drawn;
    auto text = in.size() == 0 ? std::string_view() : in.text();
    if (text.empty()) text = drawn = streams_.query(request.seq, request.units_in);
    tokens_.clear();
    for (const auto word : operators::common::split_words(text)) pairs_.encode(word, tokens_);

    const operators::common::Sizes sizes{request.units_in, request.units_out};
    message_.clear();
    message_.put_array(Section::sizes, std::span(&sizes, 1));
    message_.put_array(Section::tokens, std::span<const uint32_t>(tokens_));
    operators::common::deliver(message_, out);
  }

 private:
  Streams streams_;
  BytePairs pairs_;
  std::vector<uint32_t> tokens_;
  MessageWriter message_;
};

class Features final : public sage::Operator {
 public:
  explicit Features(const sage::Json& config)
      : hash_(operators::common::read<uint64_t>(config, "seed", 42),
              operators::common::read<uint32_t>(config, "task_hashes", 11'500, 1, 1'000'000)) {}

  void run(const sage::OpInput& in, sage_op_output& out) override {
    const MessageReader input(in.bytes(), "features");
    input.tokens(tokens_);
    message_.clear();
    message_.put(Section::sizes, input.get(Section::sizes));
    message_.put_array(Section::features, hash_.signature(tokens_));
    operators::common::deliver(message_, out);
  }

 private:
  MinHash hash_;
  std::vector<uint32_t> tokens_;
  MessageWriter message_;
};

}  // namespace

MinHash::MinHash(uint64_t seed, size_t hashes) : least_(hashes), signature_(hashes) {
  const sage::Draw factors(seed, "minhash factor"), addends(seed, "minhash addend");
  for (size_t i = 0; i < hashes; ++i) functions_.push_back({factors.bits(i) | 1U, addends.bits(i)});
}

std::span<const uint8_t> MinHash::signature(std::span<const uint32_t> tokens) {
  std::ranges::fill(least_, UINT32_MAX);
  for (size_t begin = 0; begin < tokens.size(); ++begin) {
    uint64_t feature = 0;
    const auto end = std::min(begin + longest_run, tokens.size());
    for (size_t at = begin; at < end; ++at) {
      feature = sage::Draw::mix(feature + tokens[at] + 1);
      for (size_t i = 0; i < functions_.size(); ++i) {
        const auto value = static_cast<uint32_t>((feature * functions_[i].factor + functions_[i].addend) >> 32);
        least_[i] = std::min(least_[i], value);
      }
    }
  }
  std::ranges::transform(least_, signature_.begin(), [](uint32_t value) { return static_cast<uint8_t>(value); });
  return signature_;
}

std::unique_ptr<sage::Operator> open_compute_operator(std::string_view name, const sage::Json& config) {
  if (name == "tokenise") return std::make_unique<Tokenise>(StreamsConfig::from_json(config));
  if (name == "features") return std::make_unique<Features>(config);
  return nullptr;
}

}  // namespace workloads::q1
