#include "operators/rag/retrieve.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <thread>

#include "operators/model_server/embed.hpp"
#include "operators/run_operator.hpp"

using namespace operators;

namespace {

rag::CorpusConfig small_corpus() {
  rag::CorpusConfig config;
  config.documents = 800;
  config.document_words = 80;
  return config;
}

std::vector<float> query_vector(const rag::CorpusConfig& config, uint64_t seq) {
  std::vector<float> v(config.dimensions);
  model_server::embed_text(common::request_text(common::Language(config.language), config.language.seed, seq, 200), v);
  return v;
}

}  // namespace

TEST_CASE("hnsw finds nearly what exact search finds, and less with a poor graph") {
  const auto recall_at_10 = [](const rag::CorpusConfig& config) {
    const auto corpus = rag::shared_corpus(config);
    size_t found = 0;
    for (uint64_t seq = 0; seq < 50; ++seq) {
      const auto query = query_vector(config, seq);
      std::set<uint32_t> exact;
      for (const auto& hit : corpus->nearest_exact(query, 10)) exact.insert(hit.document);
      for (const auto& hit : corpus->nearest(query, 10)) found += exact.count(hit.document);
    }
    return static_cast<double>(found) / (50 * 10);
  };
  auto config = small_corpus();
  CHECK(recall_at_10(config) >= 0.95);
  config.index = {.links = 2, .ef_construction = 2, .ef_search = 1};
  CHECK(recall_at_10(config) < 0.9);
}

TEST_CASE("exact search agrees with sorting every document") {
  auto config = small_corpus();
  config.approximate = false;
  const rag::Corpus corpus(config);
  const auto query = query_vector(config, 3);
  std::vector<common::Hit> all;
  for (uint32_t i = 0; i < corpus.size(); ++i) {
    double sum = 0;
    for (size_t d = 0; d < config.dimensions; ++d)
      sum += static_cast<double>(query[d]) * static_cast<double>(corpus.vector(i)[d]);
    all.push_back({i, static_cast<float>(sum)});
  }
  std::sort(all.begin(), all.end(), rag::better);
  const auto hits = corpus.nearest(query, 20);
  REQUIRE(hits.size() == 20);
  for (size_t i = 0; i < hits.size(); ++i) CHECK(hits[i].score == doctest::Approx(all[i].score).epsilon(1e-4));
  CHECK(corpus.nearest(query, 100'000).size() == corpus.size());
}

TEST_CASE("two builds of a corpus are the same, and answer the same") {
  const auto config = small_corpus();
  const rag::Corpus a(config);
  const rag::Corpus b(config);
  for (uint64_t seq = 0; seq < 20; ++seq) {
    const auto query = query_vector(config, seq);
    const auto from_a = a.nearest(query, 10);
    const auto from_b = b.nearest(query, 10);
    REQUIRE(from_a.size() == from_b.size());
    for (size_t i = 0; i < from_a.size(); ++i) {
      CHECK(from_a[i].document == from_b[i].document);
      CHECK(from_a[i].score == from_b[i].score);
    }
  }
}

TEST_CASE("threads share one corpus, and another configuration is another corpus") {
  std::vector<std::shared_ptr<const rag::Corpus>> got(4);
  std::vector<std::thread> threads;
  auto config = small_corpus();
  config.language.seed = 77;
  for (auto& slot : got) threads.emplace_back([&slot, &config] { slot = rag::shared_corpus(config); });
  for (auto& thread : threads) thread.join();
  for (const auto& corpus : got) CHECK(corpus == got[0]);
  config.language.seed = 78;
  CHECK(rag::shared_corpus(config) != got[0]);
}

TEST_CASE("concurrent queries answer what serial ones do") {
  const auto config = small_corpus();
  const auto corpus = rag::shared_corpus(config);
  const auto digest = [&](uint64_t seq) {
    const auto hits = corpus->nearest(query_vector(config, seq), 10);
    return common::digest_of(std::as_bytes(std::span(hits)));
  };
  std::vector<uint64_t> serial(64), concurrent(64);
  for (uint64_t seq = 0; seq < 64; ++seq) serial[seq] = digest(seq);
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (uint64_t seq = t; seq < 64; seq += 4) concurrent[seq] = digest(seq);
    });
  for (auto& thread : threads) thread.join();
  CHECK(concurrent == serial);
}

TEST_CASE("a corpus knows its terms") {
  const auto corpus = rag::shared_corpus(small_corpus());
  double words = 0;
  for (uint32_t i = 0; i < corpus->size(); ++i) {
    const auto& d = corpus->document(i);
    uint32_t counted = 0;
    for (const auto& term : d.terms) counted += term.count;
    CHECK(counted == d.words);
    CHECK(common::split_words(d.text).size() == d.words);
    words += d.words;
  }
  CHECK(corpus->mean_words() == doctest::Approx(words / static_cast<double>(corpus->size())));
  CHECK(corpus->terms("nosuchword123").empty());
  // idf against a count by hand
  const auto id = *corpus->term_id(common::spell(0));
  double holders = 0;
  for (uint32_t i = 0; i < corpus->size(); ++i) {
    const auto& terms = corpus->document(i).terms;
    holders += std::any_of(terms.begin(), terms.end(), [&](const rag::Term& t) { return t.id == id; }) ? 1 : 0;
  }
  const auto n = static_cast<double>(corpus->size());
  CHECK(corpus->idf(id) == doctest::Approx(std::log(1 + (n - holders + 0.5) / (holders + 0.5))));
}

TEST_CASE("retrieve passes the query on with its hits, and refuses a message without a vector") {
  rag::Retrieve op(rag::RetrieveConfig::from_json({{"documents", 100}, {"document_words", 40}, {"candidates", 5}}));
  model_server::Embed embed(model_server::EmbedConfig::from_json({{"seed", 42}}));
  const auto query = run_operator(embed, request_of(1, 50, 10));
  const auto found = run_operator(op, request_of(1), query.bytes);
  const common::MessageReader before(query.bytes, "test");
  const common::MessageReader after(found.bytes, "test");
  CHECK(after.text(common::Section::query) == before.text(common::Section::query));
  std::vector<common::Hit> hits;
  after.hits(hits, 100);
  CHECK(hits.size() == 5);
  CHECK(std::is_sorted(hits.begin(), hits.end(), rag::better));
  CHECK_THROWS_WITH_AS(run_operator(op, request_of(1)), doctest::Contains("retrieve: the input's section 'vector'"),
                       sage::Failure);
}
