// refine: extractive compression of the retrieved documents to a token budget.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/common/wire.hpp"
#include "operators/rag/corpus.hpp"

namespace operators::rag {

struct RefineConfig {
  CorpusConfig corpus;
  uint32_t context_tokens = 256;
  static RefineConfig from_json(const sage::Json& config);
};

// The sentences of the hits' documents that tell most about the query, within `budget` tokens, in their original order.
// Greedy cover: a sentence is worth the idf of the query's terms that it holds and no chosen sentence held yet, over
// its length (a budgeted maximum coverage, as in Lin and Bilmes, ACL 2011).
std::string refine(const Corpus& corpus, std::string_view query, std::span<const common::Hit> hits, size_t budget);

// Input: sizes, query, hits. Output: sizes, query, context.
class Refine final : public sage::Operator {
 public:
  explicit Refine(const RefineConfig& config);
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  RefineConfig config_;
  std::shared_ptr<const Corpus> corpus_;
  std::vector<common::Hit> hits_;
  common::MessageWriter message_;
};

}  // namespace operators::rag
