// retrieve: the k documents nearest to the query's vector.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <vector>

#include "operators/common/wire.hpp"
#include "operators/rag/corpus.hpp"

namespace operators::rag {

struct RetrieveConfig {
  CorpusConfig corpus;
  uint32_t candidates = 32;
  static RetrieveConfig from_json(const sage::Json& config);
};

// Input: sizes, query, vector. Output: these and hits.
class Retrieve final : public sage::Operator {
 public:
  explicit Retrieve(const RetrieveConfig& config);
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  std::shared_ptr<const Corpus> corpus_;
  size_t candidates_;
  std::vector<float> query_;
  common::MessageWriter message_;
};

}  // namespace operators::rag
