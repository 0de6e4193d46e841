#include "operators/rag/refine.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace operators;

namespace {

struct Fixture {
  rag::CorpusConfig config;
  std::shared_ptr<const rag::Corpus> corpus;
  std::string query;
  std::vector<common::Hit> hits = {{5, 1}, {17, 1}, {40, 1}, {41, 1}};
  Fixture() {
    config.documents = 100;
    config.document_words = 60;
    config.approximate = false;
    corpus = rag::shared_corpus(config);
    query = common::request_text(common::Language(config.language), 42, 4, 120);
  }
};

// Straight from the definition, on sets of words.
std::set<std::string_view> plain_choice(const Fixture& f, size_t budget) {
  std::set<std::string_view> wanted, chosen;
  for (const auto word : common::split_words(f.query)) wanted.insert(word);
  for (;;) {
    std::string_view best;
    double best_worth = 0;
    for (const auto& hit : f.hits)
      for (const auto sentence : common::split_sentences(f.corpus->document(hit.document).text)) {
        const auto words = common::split_words(sentence);
        if (chosen.contains(sentence) || words.size() > budget) continue;
        double worth = 0;
        for (const auto word : std::set<std::string_view>(words.begin(), words.end()))
          if (wanted.contains(word)) worth += f.corpus->idf(*f.corpus->term_id(word));
        worth /= static_cast<double>(words.size());
        if (worth > best_worth + 1e-12) {
          best = sentence;
          best_worth = worth;
        }
      }
    if (best.empty()) return chosen;
    chosen.insert(best);
    budget -= common::split_words(best).size();
    for (const auto word : common::split_words(best)) wanted.erase(word);
  }
}

}  // namespace

TEST_CASE("the context is what a plain greedy cover chooses") {
  const Fixture f;
  for (const size_t budget : {20U, 60U, 200U}) {
    const auto context = rag::refine(*f.corpus, f.query, f.hits, budget);
    std::set<std::string_view> got;
    for (const auto sentence : common::split_sentences(context)) got.insert(sentence);
    CHECK(got == plain_choice(f, budget));
    CHECK(common::split_words(context).size() <= budget);
  }
}

TEST_CASE("sentences keep their order, and a larger budget covers no less") {
  const Fixture f;
  const auto covered = [&](size_t budget) {
    const auto context = rag::refine(*f.corpus, f.query, f.hits, budget);
    std::set<std::string> words;
    for (const auto& term : f.corpus->terms(context)) words.insert(std::to_string(term.id));
    return words.size();
  };
  CHECK(covered(200) >= covered(50));
  std::string all;
  for (const auto& hit : f.hits) all += f.corpus->document(hit.document).text;
  size_t at = 0;
  const auto context = rag::refine(*f.corpus, f.query, f.hits, 100);
  for (const auto sentence : common::split_sentences(context)) {
    at = all.find(sentence, at);
    REQUIRE(at != std::string::npos);
  }
}

TEST_CASE("no budget, no hits or no common word give no context") {
  const Fixture f;
  CHECK(rag::refine(*f.corpus, f.query, f.hits, 0).empty());
  CHECK(rag::refine(*f.corpus, f.query, {}, 100).empty());
  CHECK(rag::refine(*f.corpus, "qqqq wwww", f.hits, 100).empty());
}
