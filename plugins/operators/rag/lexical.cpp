#include "operators/rag/lexical.hpp"

#include <algorithm>

#include "operators/rag/rerank.hpp"

namespace operators::rag {

std::vector<common::Hit> LexicalSearch::search(std::string_view query, size_t k) {
  for (const auto& wanted : corpus_.terms(query)) {
    for (const auto& posting : corpus_.postings(wanted.id)) {
      auto& score = scores_[posting.document];
      if (score == 0) touched_.push_back(posting.document);
      score += wanted.count * bm25_term(corpus_, wanted.id, posting.count, corpus_.document(posting.document));
    }
  }
  std::vector<common::Hit> hits;
  hits.reserve(touched_.size());
  for (const auto document : touched_) {
    hits.push_back({document, static_cast<float>(scores_[document])});
    scores_[document] = 0;
  }
  touched_.clear();
  k = std::min(k, hits.size());
  std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(k), hits.end(), better);
  hits.resize(k);
  return hits;
}

Lexical::Lexical(const RetrieveConfig& config)
    : corpus_(shared_corpus(config.corpus)), candidates_(config.candidates), index_(*corpus_) {}

void Lexical::run(const sage::OpInput& in, sage_op_output& out) {
  const common::MessageReader input(in.bytes(), "lexical");
  const auto hits = index_.search(input.text(common::Section::query), candidates_);

  message_.clear();
  for (const auto section : {common::Section::sizes, common::Section::query, common::Section::vector})
    message_.put(section, input.get(section));
  message_.put_array(common::Section::hits, std::span<const common::Hit>(hits));
  common::deliver(message_, out);
}

}  // namespace operators::rag
