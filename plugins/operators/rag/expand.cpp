#include "operators/rag/expand.hpp"

#include <algorithm>
#include <map>

#include "operators/common/config.hpp"

namespace operators::rag {

ExpandConfig ExpandConfig::from_json(const sage::Json& config) {
  ExpandConfig c;
  c.corpus = CorpusConfig::from_json(config);
  c.documents = common::read<uint32_t>(config, "expand_documents", c.documents, 1, 1000);
  c.words = common::read<uint32_t>(config, "expand_words", c.words, 1, 1000);
  return c;
}

std::string expand(const Corpus& corpus, const ExpandConfig& config, std::string_view query,
                   std::span<const common::Hit> hits) {
  std::map<uint32_t, double> weights;
  for (const auto& hit : hits.first(std::min<size_t>(config.documents, hits.size())))
    for (const auto& term : corpus.document(hit.document).terms) weights[term.id] += term.count * corpus.idf(term.id);
  for (const auto& term : corpus.terms(query)) weights.erase(term.id);

  std::vector<std::pair<uint32_t, double>> ranked(weights.begin(), weights.end());
  const auto n = std::min<size_t>(config.words, ranked.size());
  std::partial_sort(
      ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(n), ranked.end(),
      [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
  std::string expanded(query);
  for (size_t i = 0; i < n; ++i) expanded.append(" ").append(corpus.word(ranked[i].first));
  return expanded;
}

Expand::Expand(const ExpandConfig& config) : config_(config), corpus_(shared_corpus(config.corpus)) {}

void Expand::run(const sage::OpInput& in, sage_op_output& out) {
  const common::MessageReader input(in.bytes(), "expand");
  input.hits(hits_, corpus_->size());
  const auto query = expand(*corpus_, config_, input.text(common::Section::query), hits_);

  message_.clear();
  message_.put(common::Section::sizes, input.get(common::Section::sizes));
  message_.put_text(common::Section::query, query);
  message_.put(common::Section::vector, input.get(common::Section::vector));
  common::deliver(message_, out);
}

}  // namespace operators::rag
