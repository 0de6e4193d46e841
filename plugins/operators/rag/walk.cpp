#include "operators/rag/walk.hpp"

#include <algorithm>

#include "operators/common/config.hpp"

namespace operators::rag {

WalkConfig WalkConfig::from_json(const sage::Json& config) {
  WalkConfig c;
  c.corpus = CorpusConfig::from_json(config);
  c.seeds = common::read<uint32_t>(config, "walk_seeds", c.seeds, 1, 1000);
  c.terms = common::read<uint32_t>(config, "walk_terms", c.terms, 1, 1000);
  c.rounds = common::read<uint32_t>(config, "walk_rounds", c.rounds, 1, 100);
  c.restart = common::read<double>(config, "walk_restart", c.restart, 0, 1);
  c.keep = common::read<uint32_t>(config, "walk_keep", c.keep, 1, 1000);
  return c;
}

TermGraph::TermGraph(const Corpus& corpus, const WalkConfig& config)
    : config_(config), links_(corpus.size()), back_(corpus.terms()) {
  for (uint32_t d = 0; d < corpus.size(); ++d) {
    auto& links = links_[d];
    for (const auto& term : corpus.document(d).terms) links.push_back({term.id, term.count * corpus.idf(term.id)});
    const auto n = std::min<size_t>(config.terms, links.size());
    std::partial_sort(
        links.begin(), links.begin() + static_cast<std::ptrdiff_t>(n), links.end(),
        [](const Link& a, const Link& b) { return a.share != b.share ? a.share > b.share : a.term < b.term; });
    links.resize(n);
    links.shrink_to_fit();
    double sum = 0;
    for (const auto& link : links) sum += link.share;
    for (auto& link : links) {
      link.share /= sum;
      back_[link.term].push_back(d);
    }
  }
  documents_.at.resize(corpus.size(), 0);
  next_.at.resize(corpus.size(), 0);
  terms_.at.resize(corpus.terms(), 0);
}

std::vector<common::Hit> TermGraph::walk(std::span<const common::Hit> seeds) {
  seeds = seeds.first(std::min<size_t>(config_.seeds, seeds.size()));
  const double part = seeds.empty() ? 0 : 1 / static_cast<double>(seeds.size());
  documents_.clear();
  for (const auto& seed : seeds) documents_.add(seed.document, part);
  for (uint32_t round = 0; round < config_.rounds; ++round) {
    for (const auto d : documents_.touched)
      for (const auto& link : links_[d]) terms_.add(link.term, documents_.at[d] * link.share);
    for (const auto& seed : seeds) next_.add(seed.document, config_.restart * part);
    for (const auto t : terms_.touched) {
      const double each = (1 - config_.restart) * terms_.at[t] / static_cast<double>(back_[t].size());
      for (const auto d : back_[t]) next_.add(d, each);
    }
    terms_.clear();
    documents_.clear();
    std::swap(documents_, next_);
  }
  std::vector<common::Hit> hits;
  for (const auto d : documents_.touched) hits.push_back({d, static_cast<float>(documents_.at[d])});
  const auto n = std::min<size_t>(config_.keep, hits.size());
  std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(n), hits.end(), better);
  hits.resize(n);
  return hits;
}

Walk::Walk(const WalkConfig& config) : corpus_(shared_corpus(config.corpus)), graph_(*corpus_, config) {}

void Walk::run(const sage::OpInput& in, sage_op_output& out) {
  const common::MessageReader input(in.bytes(), "walk");
  input.hits(hits_, corpus_->size());
  const auto hits = graph_.walk(hits_);

  message_.clear();
  for (const auto section : {common::Section::sizes, common::Section::query, common::Section::vector})
    message_.put(section, input.get(section));
  message_.put_array(common::Section::hits, std::span<const common::Hit>(hits));
  common::deliver(message_, out);
}

}  // namespace operators::rag
