// memory: what a session's earlier turns add to a query.
#pragma once

#include <sage/plugin.hpp>

#include <vector>

#include "operators/common/streams.hpp"
#include "operators/common/wire.hpp"
#include "operators/rag/query_vectors.hpp"

namespace operators::rag {

struct MemoryConfig {
  common::StreamsConfig streams;
  uint32_t dimensions = 384;
  uint32_t turns = 4;  // option memory_turns: how far back a session is remembered
  double decay = 0.5;  // option memory_decay: weight of a turn, to that of the one after it
  static MemoryConfig from_json(const sage::Json& config);
};

// The history of a session is what was asked in it before, whether or not this replica, or any, answered it: it is
// drawn again from the seed. Keying the stage by session gives a replica the same sessions each time, so that it mostly
// finds their vectors in its cache; correctness does not depend on it. What is not modelled is a history that lives in
// one place, can be lost with it, and must be moved when the deployment changes: Q6 is about that.
//
// Input: sizes, query, vector. Output: these; the vector is the conversation's: the query's plus those of the earlier
// turns with weights decay, decay^2, ..., of unit length.
class Memory final : public sage::Operator {
 public:
  explicit Memory(const MemoryConfig& config);
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  MemoryConfig config_;
  common::Streams streams_;
  QueryVectors vectors_;
  std::vector<float> conversation_;
  common::MessageWriter message_;
};

}  // namespace operators::rag
