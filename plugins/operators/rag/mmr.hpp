// mmr: maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): relevant documents that are not alike.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <span>
#include <vector>

#include "operators/common/wire.hpp"
#include "operators/rag/corpus.hpp"

namespace operators::rag {

// The `keep` best of `hits`, best first: each choice takes the largest relevance - weight * cosine to the nearest one
// chosen before, and that is its new score. Ties go to the lower document. One relevance a hit.
std::vector<common::Hit> spread(const Corpus& corpus, std::span<const common::Hit> hits,
                                std::span<const double> relevance, double weight, size_t keep);

struct MmrConfig {
  CorpusConfig corpus;
  double lambda = 0.7;  // weight of relevance (the score relative to the best hit's); 1 - lambda of diversity
  uint32_t keep = 16;
  static MmrConfig from_json(const sage::Json& config);
};

// Input: sizes, query, vector, hits. Output: these, with the hits that are left and their new scores.
class Mmr final : public sage::Operator {
 public:
  explicit Mmr(const MmrConfig& config);
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  MmrConfig config_;
  std::shared_ptr<const Corpus> corpus_;
  std::vector<common::Hit> hits_;
  common::MessageWriter message_;
};

}  // namespace operators::rag
