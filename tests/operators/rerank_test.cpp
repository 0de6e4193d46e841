#include "operators/rag/rerank.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "operators/model_server/embed.hpp"

using namespace operators;

namespace {

struct Fixture {
  rag::RerankConfig config;
  std::shared_ptr<const rag::Corpus> corpus;
  std::string query;
  std::vector<float> vector;
  std::vector<common::Hit> hits;
  explicit Fixture(uint64_t seq = 4) {
    config.corpus.documents = 400;
    config.corpus.document_words = 60;
    corpus = rag::shared_corpus(config.corpus);
    query = common::request_text(common::Language(config.corpus.language), 42, seq, 80);
    vector.resize(config.corpus.dimensions);
    model_server::embed_text(query, vector);
    hits = corpus->nearest_exact(vector, 30);
  }
  [[nodiscard]] std::vector<common::Hit> ranked() const { return rag::rerank(*corpus, config, query, vector, hits); }
};

// From the text alone, by the formula.
double plain_bm25(const rag::Corpus& corpus, std::string_view query, const rag::Document& document) {
  std::map<std::string_view, double> in_document, in_query;
  for (const auto word : common::split_words(document.text)) ++in_document[word];
  for (const auto word : common::split_words(query)) ++in_query[word];
  double score = 0;
  for (const auto& [word, times] : in_query) {
    const auto found = in_document.find(word);
    if (found == in_document.end()) continue;
    const double f = found->second;
    score += times * corpus.idf(*corpus.term_id(word)) * f * 2.2 /
             (f + 1.2 * (0.25 + 0.75 * document.words / corpus.mean_words()));
  }
  return score;
}

double cosine(const rag::Corpus& corpus, uint32_t a, uint32_t b) {
  return model_server::dot(corpus.vector(a), corpus.vector(b));
}

}  // namespace

TEST_CASE("BM25 agrees with the formula applied to the texts") {
  const Fixture f;
  const auto terms = f.corpus->terms(f.query);
  double sum = 0;
  for (const auto& hit : f.hits) {
    const auto& document = f.corpus->document(hit.document);
    const double score = rag::bm25(*f.corpus, terms, document);
    CHECK(score == doctest::Approx(plain_bm25(*f.corpus, f.query, document)));
    sum += score;
  }
  CHECK(sum > 0);
}

TEST_CASE("each weight alone orders by its own measure") {
  Fixture f;
  f.config.keep = 30;
  f.config.weight_bm25 = f.config.weight_cosine = f.config.weight_freshness = f.config.weight_diversity = 0;
  const auto descending = [&](auto measure) {
    const auto ranked = f.ranked();
    REQUIRE(ranked.size() == 30);
    return std::is_sorted(ranked.begin(), ranked.end(),
                          [&](const common::Hit& a, const common::Hit& b) { return measure(a) > measure(b) + 1e-9; });
  };
  SUBCASE("bm25") {
    f.config.weight_bm25 = 1;
    CHECK(descending(
        [&](const common::Hit& h) { return plain_bm25(*f.corpus, f.query, f.corpus->document(h.document)); }));
  }
  SUBCASE("cosine") {
    f.config.weight_cosine = 1;
    CHECK(descending([&](const common::Hit& h) {
      return static_cast<double>(model_server::dot(f.vector, f.corpus->vector(h.document)));
    }));
  }
  SUBCASE("freshness") {
    f.config.weight_freshness = 1;
    CHECK(descending(
        [&](const common::Hit& h) { return -static_cast<double>(f.corpus->document(h.document).age_days); }));
  }
}

TEST_CASE("diversity chooses as a plain greedy MMR does, and spreads the result") {
  Fixture f;
  f.config.weight_bm25 = f.config.weight_freshness = f.config.weight_diversity = 0;
  f.config.weight_cosine = 1;
  const auto likeness = [&](const std::vector<common::Hit>& hits) {
    double sum = 0;
    for (const auto& a : hits)
      for (const auto& b : hits) sum += a.document == b.document ? 0 : cosine(*f.corpus, a.document, b.document);
    return sum;
  };
  const auto plain = f.ranked();
  f.config.weight_diversity = 0.9;
  const auto spread = f.ranked();
  CHECK(likeness(spread) < likeness(plain));

  std::vector<uint32_t> chosen;
  while (chosen.size() < f.config.keep) {
    const auto score = [&](const common::Hit& hit) {
      double nearest = 0;
      for (const auto c : chosen) nearest = std::max(nearest, cosine(*f.corpus, hit.document, c));
      return model_server::dot(f.vector, f.corpus->vector(hit.document)) - 0.9 * nearest;
    };
    const common::Hit* best = nullptr;
    for (const auto& hit : f.hits) {
      if (std::find(chosen.begin(), chosen.end(), hit.document) != chosen.end()) continue;
      if (best == nullptr || score(hit) > score(*best)) best = &hit;
    }
    chosen.push_back(best->document);
  }
  for (size_t i = 0; i < chosen.size(); ++i) CHECK(spread[i].document == chosen[i]);
}

TEST_CASE("the order of the hits does not matter, and none of them gives none") {
  Fixture f;
  const auto once = f.ranked();
  std::reverse(f.hits.begin(), f.hits.end());
  const auto again = f.ranked();
  REQUIRE(once.size() == f.config.keep);
  for (size_t i = 0; i < once.size(); ++i) CHECK(once[i].document == again[i].document);
  f.hits.clear();
  CHECK(f.ranked().empty());
}
