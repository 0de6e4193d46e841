#include "operators/rag/memory.hpp"

#include <cmath>

#include "operators/common/config.hpp"

namespace operators::rag {
namespace {

constexpr size_t vectors_kept = 1024;  // 1.5 MiB at 384 dimensions; a turn is asked for memory_turns times

}  // namespace

MemoryConfig MemoryConfig::from_json(const sage::Json& config) {
  MemoryConfig c;
  c.streams = common::StreamsConfig::from_json(config);
  c.dimensions = common::read<uint32_t>(config, "dimensions", c.dimensions, 128, 1024);
  c.turns = common::read<uint32_t>(config, "memory_turns", c.turns, 0, 64);
  c.decay = common::read<double>(config, "memory_decay", c.decay, 0, 1);
  return c;
}

Memory::Memory(const MemoryConfig& config)
    : config_(config), streams_(config.streams), vectors_(streams_, config.dimensions, vectors_kept) {}

void Memory::run(const sage::OpInput& in, sage_op_output& out) {
  const common::MessageReader input(in.bytes(), "memory");
  input.vector(conversation_, config_.dimensions);
  double weight = 1;
  for (const auto turn : streams_.earlier_turns(in.request().seq, config_.turns)) {
    weight *= config_.decay;
    const auto vector = vectors_.of(turn);
    for (size_t i = 0; i < conversation_.size(); ++i) conversation_[i] += static_cast<float>(weight) * vector[i];
  }
  const float norm = std::sqrt(model_server::dot(conversation_, conversation_));
  if (norm > 0)
    for (auto& x : conversation_) x /= norm;

  message_.clear();
  message_.put(common::Section::sizes, input.get(common::Section::sizes));
  message_.put(common::Section::query, input.get(common::Section::query));
  message_.put_array(common::Section::vector, std::span<const float>(conversation_));
  common::deliver(message_, out);
}

}  // namespace operators::rag
