#include "operators/rag/walk.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using namespace operators;

namespace {

// The same walk on whole vectors and a matrix of shares.
std::map<uint32_t, double> plain_walk(const rag::Corpus& corpus, const rag::WalkConfig& config,
                                      const std::vector<common::Hit>& seeds) {
  const auto n = corpus.size(), m = corpus.terms();
  std::vector<std::vector<double>> share(n, std::vector<double>(m, 0));
  std::vector<double> documents_of(m, 0);
  for (uint32_t d = 0; d < n; ++d) {
    std::vector<std::pair<double, uint32_t>> weights;
    for (const auto& t : corpus.document(d).terms) weights.emplace_back(-(t.count * corpus.idf(t.id)), t.id);
    std::sort(weights.begin(), weights.end());
    weights.resize(std::min<size_t>(config.terms, weights.size()));
    double sum = 0;
    for (const auto& [w, t] : weights) sum += w;
    for (const auto& [w, t] : weights) {
      share[d][t] = w / sum;
      ++documents_of[t];
    }
  }
  std::vector<double> mass(n, 0), start(n, 0);
  for (size_t i = 0; i < config.seeds; ++i) start[seeds[i].document] = 1.0 / config.seeds;
  mass = start;
  for (uint32_t round = 0; round < config.rounds; ++round) {
    std::vector<double> at_term(m, 0), next(n, 0);
    for (size_t d = 0; d < n; ++d)
      for (size_t t = 0; t < m; ++t) at_term[t] += mass[d] * share[d][t];
    for (size_t d = 0; d < n; ++d) {
      next[d] = config.restart * start[d];
      for (size_t t = 0; t < m; ++t)
        if (share[d][t] > 0) next[d] += (1 - config.restart) * at_term[t] / documents_of[t];
    }
    mass = next;
  }
  std::map<uint32_t, double> result;
  for (uint32_t d = 0; d < n; ++d)
    if (mass[d] > 0) result[d] = mass[d];
  return result;
}

}  // namespace

TEST_CASE("the walk is power iteration on the graph of documents and terms") {
  rag::WalkConfig config;
  config.corpus.documents = 120;
  config.corpus.document_words = 40;
  config.corpus.language.vocabulary = 1000;
  config.seeds = 3;
  config.keep = 120;
  const auto corpus = rag::shared_corpus(config.corpus);
  rag::TermGraph graph(*corpus, config);
  for (const double restart : {0.25, 0.0, 1.0}) {
    config.restart = restart;
    rag::TermGraph other(*corpus, config);
    const std::vector<common::Hit> seeds = {{5, 1}, {77, 0.5F}, {30, 0.2F}, {31, 0.1F}};
    const auto expected = plain_walk(*corpus, config, seeds);
    static_cast<void>(other.walk(std::vector<common::Hit>{{9, 1}, {8, 1}}));  // leaves nothing behind
    const auto hits = other.walk(seeds);
    REQUIRE(hits.size() == expected.size());
    CHECK(std::is_sorted(hits.begin(), hits.end(), rag::better));
    double sum = 0;
    for (const auto& hit : hits) {
      CHECK(hit.score == doctest::Approx(expected.at(hit.document)));
      sum += static_cast<double>(hit.score);
    }
    CHECK(sum == doctest::Approx(1.0));
    if (restart < 1) CHECK(hits.size() > 20);
  }
  CHECK(graph.walk({}).empty());
}

TEST_CASE("the neighbourhood is mostly of the seeds' topic") {
  rag::WalkConfig config;
  config.corpus.documents = 600;
  const auto corpus = rag::shared_corpus(config.corpus);
  rag::TermGraph graph(*corpus, config);
  const uint32_t topic = corpus->document(10).topic;
  std::vector<common::Hit> seeds;
  for (uint32_t d = 0; d < corpus->size() && seeds.size() < 8; ++d)
    if (corpus->document(d).topic == topic) seeds.push_back({d, 1});
  const auto hits = graph.walk(seeds);
  REQUIRE(hits.size() > seeds.size());
  const auto same = std::count_if(hits.begin(), hits.end(),
                                  [&](const common::Hit& h) { return corpus->document(h.document).topic == topic; });
  CHECK(static_cast<double>(same) >= 0.8 * static_cast<double>(hits.size()));  // one in 32 by chance
}
