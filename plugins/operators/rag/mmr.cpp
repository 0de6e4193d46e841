#include "operators/rag/mmr.hpp"

#include <algorithm>

#include "operators/common/config.hpp"
#include "operators/model_server/embed.hpp"

namespace operators::rag {

std::vector<common::Hit> spread(const Corpus& corpus, std::span<const common::Hit> hits,
                                std::span<const double> relevance, double weight, size_t keep) {
  std::vector<common::Hit> chosen;
  std::vector<double> likeness(hits.size(), 0);  // to the nearest chosen document
  std::vector<bool> taken(hits.size(), false);
  while (chosen.size() < std::min(keep, hits.size())) {
    size_t best = hits.size();
    double best_score = 0;
    for (size_t i = 0; i < hits.size(); ++i) {
      if (taken[i]) continue;
      const double score = relevance[i] - weight * likeness[i];
      const bool first = best == hits.size();
      if (first || score > best_score || (score == best_score && hits[i].document < hits[best].document)) {
        best = i;
        best_score = score;
      }
    }
    taken[best] = true;
    chosen.push_back({hits[best].document, static_cast<float>(best_score)});
    for (size_t i = 0; i < hits.size(); ++i) {
      if (taken[i]) continue;
      const double cosine = model_server::dot(corpus.vector(hits[i].document), corpus.vector(hits[best].document));
      likeness[i] = std::max(likeness[i], cosine);
    }
  }
  return chosen;
}

MmrConfig MmrConfig::from_json(const sage::Json& config) {
  MmrConfig c;
  c.corpus = CorpusConfig::from_json(config);
  c.lambda = common::read<double>(config, "mmr_lambda", c.lambda, 0, 1);
  c.keep = common::read<uint32_t>(config, "keep", c.keep, 1, 1000);
  return c;
}

Mmr::Mmr(const MmrConfig& config) : config_(config), corpus_(shared_corpus(config.corpus)) {}

void Mmr::run(const sage::OpInput& in, sage_op_output& out) {
  const common::MessageReader input(in.bytes(), "mmr");
  input.hits(hits_, corpus_->size());
  double best = 0;
  for (const auto& hit : hits_) best = std::max(best, static_cast<double>(hit.score));
  std::vector<double> relevance;
  for (const auto& hit : hits_) relevance.push_back(best > 0 ? config_.lambda * hit.score / best : 0);
  const auto chosen = spread(*corpus_, hits_, relevance, 1 - config_.lambda, config_.keep);

  message_.clear();
  for (const auto section : {common::Section::sizes, common::Section::query, common::Section::vector})
    message_.put(section, input.get(section));
  message_.put_array(common::Section::hits, std::span<const common::Hit>(chosen));
  common::deliver(message_, out);
}

}  // namespace operators::rag
