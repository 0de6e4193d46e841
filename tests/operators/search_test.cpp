// lexical, expand, fuse, mmr and memory: how documents are found and lists become one.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "operators/model_server/embed.hpp"
#include "operators/model_server/generate.hpp"
#include "operators/rag/expand.hpp"
#include "operators/rag/fuse.hpp"
#include "operators/rag/lexical.hpp"
#include "operators/rag/memory.hpp"
#include "operators/rag/mmr.hpp"
#include "operators/rag/rerank.hpp"
#include "operators/run_operator.hpp"

using namespace operators;

namespace {

rag::CorpusConfig small_corpus() {
  rag::CorpusConfig config;
  config.documents = 300;
  config.document_words = 60;
  return config;
}

std::string query(uint64_t seq) { return common::request_text(common::Language({}), 42, seq, 60); }

common::MessageWriter request_message(std::string_view text, std::span<const common::Hit> hits) {
  common::MessageWriter message;
  const common::Sizes sizes{7, 9};
  std::vector<float> vector(384);
  model_server::embed_text(text, vector);
  message.put_array(common::Section::sizes, std::span(&sizes, 1));
  message.put_text(common::Section::query, text);
  message.put_array(common::Section::vector, std::span<const float>(vector));
  message.put_array(common::Section::hits, hits);
  return message;
}

}  // namespace

TEST_CASE("lexical search orders as BM25 of every document does") {
  const auto corpus = rag::shared_corpus(small_corpus());
  rag::LexicalSearch search(*corpus);
  for (uint64_t seq = 0; seq < 10; ++seq) {
    std::vector<common::Hit> all;
    for (uint32_t d = 0; d < corpus->size(); ++d) {
      const double score = rag::bm25(*corpus, corpus->terms(query(seq)), corpus->document(d));
      if (score > 0) all.push_back({d, static_cast<float>(score)});
    }
    std::sort(all.begin(), all.end(), rag::better);
    const auto hits = search.search(query(seq), 25);
    REQUIRE(hits.size() == 25);
    for (size_t i = 0; i < hits.size(); ++i) {
      CHECK(hits[i].document == all[i].document);
      CHECK(hits[i].score == doctest::Approx(all[i].score));
    }
  }
  CHECK(search.search("qqq xxx", 5).empty());
}

TEST_CASE("expansion adds the words that weigh most in the first documents and are not in the query") {
  rag::ExpandConfig config;
  config.corpus = small_corpus();
  config.documents = 3;
  config.words = 5;
  const auto corpus = rag::shared_corpus(config.corpus);
  const auto text = query(4);
  const auto hits = rag::LexicalSearch(*corpus).search(text, 10);
  const auto longer = rag::expand(*corpus, config, text, hits);
  REQUIRE(longer.substr(0, text.size()) == text);

  std::set<std::string_view> asked;
  for (const auto word : common::split_words(text)) asked.insert(word);
  std::map<std::string_view, double> weights;
  for (size_t i = 0; i < 3; ++i)
    for (const auto word : common::split_words(corpus->document(hits[i].document).text))
      if (!asked.contains(word)) weights[word] += corpus->idf(*corpus->term_id(word));
  const auto added = common::split_words(std::string_view(longer).substr(text.size()));
  REQUIRE(added.size() == 5);
  double least = 1e9;
  for (const auto word : added) {
    REQUIRE(weights.contains(word));
    least = std::min(least, weights[word]);
    weights.erase(word);
  }
  for (const auto& [word, weight] : weights) CHECK(weight <= least + 1e-9);
}

TEST_CASE("fusion scores reciprocal ranks, whatever the lists' own scores") {
  const std::vector<std::vector<common::Hit>> lists = {{{1, 900}, {2, 800}}, {{3, 0.1F}, {1, 0.09F}}, {}};
  const auto fused = rag::fuse(lists, 10);
  REQUIRE(fused.size() == 3);
  CHECK(fused[0].document == 1);
  CHECK(fused[0].score == doctest::Approx(1.0 / 61 + 1.0 / 62));
  CHECK(fused[1].document == 3);
  CHECK(fused[2].score == doctest::Approx(1.0 / 62));
  CHECK(rag::fuse(lists, 1).size() == 1);
}

TEST_CASE("mmr at lambda 1 keeps the order, and below it what is alike falls behind") {
  rag::MmrConfig config;
  config.corpus = small_corpus();
  config.corpus.duplicate_share = 0.5;
  config.keep = 10;
  const auto corpus = rag::shared_corpus(config.corpus);
  const auto text = query(4);
  const auto hits = rag::LexicalSearch(*corpus).search(text, 40);
  const auto message = request_message(text, hits);
  const auto chosen = [&](double lambda) {
    config.lambda = lambda;
    rag::Mmr op(config);
    std::vector<common::Hit> result;
    common::MessageReader(run_operator(op, request_of(4), message.bytes()).bytes, "test").hits(result, 300);
    REQUIRE(result.size() == 10);
    return result;
  };
  const auto likeness = [&](const std::vector<common::Hit>& some) {
    float sum = 0;
    for (const auto& a : some)
      for (const auto& b : some) sum += model_server::dot(corpus->vector(a.document), corpus->vector(b.document));
    return sum;
  };
  const auto plain = chosen(1);
  for (size_t i = 0; i < 10; ++i) CHECK(plain[i].document == hits[i].document);
  const auto spread_out = chosen(0.3);
  CHECK(spread_out[0].document == hits[0].document);
  CHECK(likeness(spread_out) < likeness(plain));
}

TEST_CASE("memory blends the earlier turns of the session into the vector") {
  const auto config = rag::MemoryConfig::from_json({{"sessions", 4},
                                                    {"input_tokens_min", 20},
                                                    {"input_tokens_max", 40},
                                                    {"memory_turns", 2},
                                                    {"memory_decay", 0.5}});
  const common::Streams streams(config.streams);
  rag::Memory op(config);
  int remembered = 0;
  for (uint64_t seq = 0; seq < 60; ++seq) {
    if (!streams.is_query(seq)) continue;
    const auto turns = streams.earlier_turns(seq, 2);
    const auto text = streams.query(seq, streams.words(seq));
    std::vector<float> expected(384), turn(384);
    model_server::embed_text(text, expected);
    float weight = 0.5F;
    for (const auto earlier : turns) {
      model_server::embed_text(streams.query(earlier, streams.words(earlier)), turn);
      for (size_t i = 0; i < turn.size(); ++i) expected[i] += weight * turn[i];
      weight /= 2;
    }
    const float norm = std::sqrt(model_server::dot(expected, expected));
    const auto message = request_message(text, {});
    std::vector<float> found;
    common::MessageReader(run_operator(op, request_of(seq), message.bytes()).bytes, "test").vector(found, 384);
    for (size_t i = 0; i < found.size(); ++i) CHECK(found[i] == doctest::Approx(expected[i] / norm).epsilon(1e-4));
    remembered += turns.size() == 2 ? 1 : 0;
  }
  CHECK(remembered > 10);
}

TEST_CASE("rerank can follow the score that hits came with") {
  rag::RerankConfig config;
  config.corpus = small_corpus();
  config.weight_bm25 = config.weight_cosine = config.weight_freshness = config.weight_diversity = 0;
  config.weight_sources = 1;
  const std::vector<common::Hit> hits = {{9, 0.1F}, {4, 0.4F}, {200, 0.2F}};
  std::vector<float> vector(384, 0);
  const auto ranked = rag::rerank(*rag::shared_corpus(config.corpus), config, query(1), vector, hits);
  REQUIRE(ranked.size() == 3);
  CHECK(ranked[0].document == 4);
  CHECK(ranked[0].score == doctest::Approx(1));
  CHECK(ranked[1].document == 200);
  CHECK(ranked[1].score == doctest::Approx(0.5));
}

TEST_CASE("generate prefills a query as long as the longest of its batch") {
  model_server::Generate op(
      model_server::GenerateConfig{.prefill_us_per_token = 10, .decode_us_per_token = 0, .burn_cpu = false});
  common::MessageWriter message;
  const common::Sizes sizes{2, 3};
  message.put_array(common::Section::sizes, std::span(&sizes, 1));
  message.put_text(common::Section::query, "two words");
  message.put_text(common::Section::context, "three more words");
  CHECK(run_operator(op, request_of(1), message.bytes()).out.hold_ns == 50'000);
  const common::Batch batch{0, 4, 1, 20, 1};
  message.put_array(common::Section::batch, std::span(&batch, 1));
  CHECK(run_operator(op, request_of(1), message.bytes()).out.hold_ns == 230'000);
}

TEST_CASE("edited copies are like their original, and are as long as document_words says") {
  auto config = small_corpus();
  config.duplicate_share = 0.3;
  const rag::Corpus corpus(config);
  const rag::Corpus plain(small_corpus());
  size_t copies = 0;
  for (uint32_t d = 0; d < corpus.size(); ++d) {
    CHECK(common::split_words(corpus.document(d).text).size() == rag::document_words(config, d));
    CHECK(corpus.document(d).words == rag::document_words(config, d));
    if (corpus.document(d).text == plain.document(d).text) continue;
    ++copies;
    float nearest = 0;
    for (uint32_t other = 0; other < d; ++other)
      nearest = std::max(nearest, model_server::dot(corpus.vector(d), corpus.vector(other)));
    CHECK(nearest > 0.75F);
  }
  CHECK(copies == doctest::Approx(90).epsilon(0.25));
}
