#include "operators/rag/rerank.hpp"

#include <algorithm>
#include <cmath>

#include "operators/common/config.hpp"
#include "operators/model_server/embed.hpp"
#include "operators/rag/mmr.hpp"

namespace operators::rag {

RerankConfig RerankConfig::from_json(const sage::Json& config) {
  RerankConfig c;
  c.corpus = CorpusConfig::from_json(config);
  c.keep = common::read<uint32_t>(config, "keep", c.keep, 1, 1000);
  c.weight_bm25 = common::read<double>(config, "weight_bm25", c.weight_bm25, 0, 1);
  c.weight_cosine = common::read<double>(config, "weight_cosine", c.weight_cosine, 0, 1);
  c.weight_freshness = common::read<double>(config, "weight_freshness", c.weight_freshness, 0, 1);
  c.weight_sources = common::read<double>(config, "weight_sources", c.weight_sources, 0, 1);
  c.weight_diversity = common::read<double>(config, "weight_diversity", c.weight_diversity, 0, 1);
  c.freshness_half_life_days =
      common::read<double>(config, "freshness_half_life_days", c.freshness_half_life_days, 0.001, 1e6);
  return c;
}

double bm25_term(const Corpus& corpus, uint32_t term, uint32_t count, const Document& document) {
  constexpr double k1 = 1.2;
  constexpr double b = 0.75;
  const double length = k1 * (1 - b + b * document.words / corpus.mean_words());
  return corpus.idf(term) * count * (k1 + 1) / (count + length);
}

double bm25(const Corpus& corpus, std::span<const Term> query, const Document& document) {
  double score = 0;
  auto term = document.terms.begin();
  for (const auto& wanted : query) {  // both are sorted by term
    while (term != document.terms.end() && term->id < wanted.id) ++term;
    if (term == document.terms.end()) break;
    if (term->id == wanted.id) score += wanted.count * bm25_term(corpus, term->id, term->count, document);
  }
  return score;
}

std::vector<common::Hit> rerank(const Corpus& corpus, const RerankConfig& config, std::string_view query,
                                std::span<const float> vector, std::span<const common::Hit> hits) {
  const auto terms = corpus.terms(query);
  std::vector<double> relevance;
  double best_bm25 = 0;
  double best_given = 0;
  for (const auto& hit : hits) {
    relevance.push_back(bm25(corpus, terms, corpus.document(hit.document)));
    best_bm25 = std::max(best_bm25, relevance.back());
    best_given = std::max(best_given, static_cast<double>(hit.score));
  }
  for (size_t i = 0; i < hits.size(); ++i) {
    const auto& document = corpus.document(hits[i].document);
    const double cosine = model_server::dot(vector, corpus.vector(hits[i].document));
    const double freshness = std::exp2(-document.age_days / config.freshness_half_life_days);
    relevance[i] = config.weight_bm25 * (best_bm25 > 0 ? relevance[i] / best_bm25 : 0) + config.weight_cosine * cosine +
                   config.weight_freshness * freshness +
                   config.weight_sources * (best_given > 0 ? hits[i].score / best_given : 0);
  }

  return spread(corpus, hits, relevance, config.weight_diversity, config.keep);
}

Rerank::Rerank(const RerankConfig& config) : config_(config), corpus_(shared_corpus(config.corpus)) {}

void Rerank::run(const sage::OpInput& in, sage_op_output& out) {
  const common::MessageReader input(in.bytes(), "rerank");
  input.vector(query_, corpus_->dimensions());
  input.hits(hits_, corpus_->size());
  const auto chosen = rerank(*corpus_, config_, input.text(common::Section::query), query_, hits_);

  message_.clear();
  for (const auto section : {common::Section::sizes, common::Section::query, common::Section::vector})
    message_.put(section, input.get(section));
  message_.put_array(common::Section::hits, std::span<const common::Hit>(chosen));
  common::deliver(message_, out);
}

}  // namespace operators::rag
