#include "operators/rag/refine.hpp"

#include <algorithm>

#include "operators/common/config.hpp"

namespace operators::rag {
namespace {

struct Sentence {
  std::string_view text;
  size_t words = 0;
  std::vector<size_t> covers;  // indices of the query's terms, ascending
  bool chosen = false;
};

std::vector<Sentence> candidate_sentences(const Corpus& corpus, std::span<const Term> query,
                                          std::span<const common::Hit> hits) {
  std::vector<Sentence> sentences;
  for (const auto& hit : hits) {
    for (const auto text : common::split_sentences(corpus.document(hit.document).text)) {
      Sentence s{text, 0, {}, false};
      for (const auto word : common::split_words(text)) {
        ++s.words;
        const auto id = corpus.term_id(word);
        const auto at = std::lower_bound(query.begin(), query.end(), *id,
                                         [](const Term& term, uint32_t wanted) { return term.id < wanted; });
        if (at != query.end() && at->id == *id) s.covers.push_back(static_cast<size_t>(at - query.begin()));
      }
      std::sort(s.covers.begin(), s.covers.end());
      s.covers.erase(std::unique(s.covers.begin(), s.covers.end()), s.covers.end());
      if (s.words > 0) sentences.push_back(std::move(s));
    }
  }
  return sentences;
}

}  // namespace

RefineConfig RefineConfig::from_json(const sage::Json& config) {
  return {CorpusConfig::from_json(config), common::read<uint32_t>(config, "context_tokens", 256, 1, 1'000'000)};
}

std::string refine(const Corpus& corpus, std::string_view query, std::span<const common::Hit> hits, size_t budget) {
  const auto terms = corpus.terms(query);
  auto sentences = candidate_sentences(corpus, terms, hits);
  std::vector<bool> covered(terms.size(), false);
  for (size_t left = budget;;) {
    Sentence* best = nullptr;
    double best_worth = 0;
    for (auto& s : sentences) {
      if (s.chosen || s.words > left) continue;
      double worth = 0;
      for (const auto term : s.covers)
        if (!covered[term]) worth += corpus.idf(terms[term].id);
      worth /= static_cast<double>(s.words);
      if (worth > best_worth) {  // ties go to the better document, then to the earlier sentence
        best = &s;
        best_worth = worth;
      }
    }
    if (best == nullptr) break;  // nothing fits, or nothing adds
    best->chosen = true;
    left -= best->words;
    for (const auto term : best->covers) covered[term] = true;
  }

  std::string context;
  for (const auto& s : sentences)
    if (s.chosen) context.append(s.text).append(". ");
  return context;
}

Refine::Refine(const RefineConfig& config) : config_(config), corpus_(shared_corpus(config.corpus)) {}

void Refine::run(const sage::OpInput& in, sage_op_output& out) {
  const common::MessageReader input(in.bytes(), "refine");
  input.hits(hits_, corpus_->size());
  const auto context = refine(*corpus_, input.text(common::Section::query), hits_, config_.context_tokens);

  message_.clear();
  message_.put(common::Section::sizes, input.get(common::Section::sizes));
  message_.put(common::Section::query, input.get(common::Section::query));
  message_.put_text(common::Section::context, context);
  common::deliver(message_, out);
}

}  // namespace operators::rag
