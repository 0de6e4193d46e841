// fuse: one ranking out of several, where branches of a pipeline come together.
#pragma once

#include <sage/plugin.hpp>

#include <span>
#include <vector>

#include "operators/common/wire.hpp"
#include "operators/rag/corpus.hpp"

namespace operators::rag {

struct FuseConfig {
  CorpusConfig corpus;
  uint32_t keep = 64;  // option fuse_keep
  static FuseConfig from_json(const sage::Json& config);
};

// Reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009): a document scores the sum of 1 / (60 + rank) over
// the lists that hold it, rank from 1. It needs no common scale of the lists' own scores. Best first.
std::vector<common::Hit> fuse(std::span<const std::vector<common::Hit>> lists, size_t keep);

// Inputs: the request's sizes, query and vector; then one message with hits for each list. Output: sizes, query, vector
// and the fused hits.
class Fuse final : public sage::Operator {
 public:
  explicit Fuse(const FuseConfig& config);
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  FuseConfig config_;
  std::vector<std::vector<common::Hit>> lists_;
  common::MessageWriter message_;
};

}  // namespace operators::rag
