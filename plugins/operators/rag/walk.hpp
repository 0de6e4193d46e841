// walk: the neighbourhood of some documents in the graph that joins documents by the terms that mark them.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <span>
#include <vector>

#include "operators/common/wire.hpp"
#include "operators/rag/corpus.hpp"

namespace operators::rag {

struct WalkConfig {
  CorpusConfig corpus;
  uint32_t seeds = 8;     // option walk_seeds: best hits that the walk starts from
  uint32_t terms = 8;     // option walk_terms: a document's links are its terms of largest tf * idf
  uint32_t rounds = 2;    // option walk_rounds: document -> term -> document
  double restart = 0.25;  // option walk_restart: share that goes back to the seeds in each round
  uint32_t keep = 32;     // option walk_keep
  static WalkConfig from_json(const sage::Json& config);
};

// Personalised PageRank by power iteration on the bipartite graph of documents and terms, as HippoRAG does on a graph
// of passages and phrases (Gutierrez et al., NeurIPS 2024). A document passes its mass on to its terms in proportion to
// tf * idf, a term to its documents in equal parts. Seeds start with equal parts.
class TermGraph {
 public:
  TermGraph(const Corpus& corpus, const WalkConfig& config);
  // Best first; the scores add up to at most 1.
  std::vector<common::Hit> walk(std::span<const common::Hit> seeds);

 private:
  struct Link {
    uint32_t term = 0;
    double share = 0;
  };
  // A sparse vector in a dense array: clearing costs what was touched.
  struct Mass {
    std::vector<double> at;
    std::vector<uint32_t> touched;
    void add(uint32_t i, double mass) {
      if (mass <= 0) return;
      if (at[i] == 0) touched.push_back(i);
      at[i] += mass;
    }
    void clear() {
      for (const auto i : touched) at[i] = 0;
      touched.clear();
    }
  };
  WalkConfig config_;
  std::vector<std::vector<Link>> links_;     // by document
  std::vector<std::vector<uint32_t>> back_;  // by term: the documents that it links
  Mass documents_, terms_, next_;
};

// Input: sizes, query, vector, hits. Output: these, with the neighbourhood as hits.
class Walk final : public sage::Operator {
 public:
  explicit Walk(const WalkConfig& config);
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  std::shared_ptr<const Corpus> corpus_;
  TermGraph graph_;
  std::vector<common::Hit> hits_;
  common::MessageWriter message_;
};

}  // namespace operators::rag
