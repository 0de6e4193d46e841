// lexical: the k documents with the highest BM25, by an inverted index: what dense retrieval misses, exact words find.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <string_view>
#include <vector>

#include "operators/common/wire.hpp"
#include "operators/rag/corpus.hpp"
#include "operators/rag/retrieve.hpp"

namespace operators::rag {

// Term at a time: adds up the postings of each of the query's terms. Keeps its accumulators from query to query.
class LexicalSearch {
 public:
  explicit LexicalSearch(const Corpus& corpus) : corpus_(corpus), scores_(corpus.size(), 0) {}
  // Best first; documents that share no word with the query are left out.
  std::vector<common::Hit> search(std::string_view query, size_t k);

 private:
  const Corpus& corpus_;
  std::vector<double> scores_;     // by document; 0 between searches
  std::vector<uint32_t> touched_;  // documents with a score
};

// Input: sizes, query, vector. Output: these and hits.
class Lexical final : public sage::Operator {
 public:
  explicit Lexical(const RetrieveConfig& config);
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  std::shared_ptr<const Corpus> corpus_;
  size_t candidates_;
  LexicalSearch index_;
  common::MessageWriter message_;
};

}  // namespace operators::rag
