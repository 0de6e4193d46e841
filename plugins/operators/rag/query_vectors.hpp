// The vectors of other requests' queries, drawn again from the seed. Recent ones are kept: a window or a session asks
// for the same ones again and again, and one costs some 50 us.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "operators/common/streams.hpp"
#include "operators/model_server/embed.hpp"

namespace operators::rag {

// Direct-mapped by seq. Memory: `capacity` vectors at most. Of one operator, so not locked; replicas each have theirs.
class QueryVectors {
 public:
  QueryVectors(const common::Streams& streams, size_t dimensions, size_t capacity)
      : streams_(streams), dimensions_(dimensions), slots_(capacity) {}
  // Valid until the next call.
  std::span<const float> of(uint64_t seq) {
    auto& slot = slots_[static_cast<size_t>(seq % slots_.size())];
    if (slot.vector.empty() || slot.seq != seq) {
      slot.seq = seq;
      slot.vector.resize(dimensions_);
      model_server::embed_text(streams_.query(seq, streams_.words(seq)), slot.vector);
    }
    return slot.vector;
  }

 private:
  struct Slot {
    uint64_t seq = 0;
    std::vector<float> vector;
  };
  const common::Streams& streams_;
  size_t dimensions_;
  std::vector<Slot> slots_;
};

}  // namespace operators::rag
