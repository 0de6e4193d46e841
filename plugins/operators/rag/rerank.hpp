// rerank: orders hits by BM25, cosine, freshness and the score they came with, and spreads them by maximal marginal
// relevance: five ways to look at them, each with its weight.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <span>
#include <vector>

#include "operators/common/wire.hpp"
#include "operators/rag/corpus.hpp"

namespace operators::rag {

struct RerankConfig {
  CorpusConfig corpus;
  uint32_t keep = 16;
  double weight_bm25 = 0.4;
  double weight_cosine = 0.4;
  double weight_freshness = 0.1;
  double weight_sources = 0;      // of the score that the hits came with: what several sources agree on
  double weight_diversity = 0.1;  // taken off for the likeness to what is already chosen
  double freshness_half_life_days = 90;
  static RerankConfig from_json(const sage::Json& config);
};

// What a term that occurs `count` times adds to a document's BM25, for each time that the query has it.
double bm25_term(const Corpus& corpus, uint32_t term, uint32_t count, const Document& document);
// BM25 of a document for a query's terms (Robertson and Zaragoza, 2009; k1 = 1.2, b = 0.75).
double bm25(const Corpus& corpus, std::span<const Term> query, const Document& document);

// The `keep` best of `hits`, best first. Relevance is the weighted sum of BM25 and of the score given (both relative to
// the best hit's), cosine and 2^(-age / half life); then they are spread, see mmr.hpp.
std::vector<common::Hit> rerank(const Corpus& corpus, const RerankConfig& config, std::string_view query,
                                std::span<const float> vector, std::span<const common::Hit> hits);

// Input: sizes, query, vector, hits. Output: these, with the hits that are left and their new scores.
class Rerank final : public sage::Operator {
 public:
  explicit Rerank(const RerankConfig& config);
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  RerankConfig config_;
  std::shared_ptr<const Corpus> corpus_;
  std::vector<float> query_;
  std::vector<common::Hit> hits_;
  common::MessageWriter message_;
};

}  // namespace operators::rag
