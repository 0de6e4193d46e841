#include "operators/rag/join.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "operators/run_operator.hpp"

using namespace operators;

namespace {

const sage::Json settings = {{"documents", 150},        {"document_words", 60}, {"input_tokens_min", 30},
                             {"input_tokens_max", 60},  {"event_rate", 10},     {"window_s", 3},
                             {"join_similarity", 0.15}, {"join_keep", 100'000}};

struct Fixture {
  rag::JoinConfig config;
  common::Streams streams;
  std::shared_ptr<const rag::Corpus> corpus;
  rag::Join::Publishes publishes;

  explicit Fixture(const sage::Json& changes = sage::Json::object())
      : config(rag::JoinConfig::from_json(merged(changes))),
        streams(config.streams),
        corpus(rag::shared_corpus(config.corpus)) {
    publishes = [this](uint64_t seq) { return streams.document(seq); };
  }
  Fixture(const Fixture&) = delete;
  static sage::Json merged(const sage::Json& changes) {
    auto json = settings;
    json.update(changes);
    return json;
  }
  [[nodiscard]] std::vector<float> vector(uint64_t seq) const {
    std::vector<float> v(corpus->dimensions());
    if (streams.is_query(seq)) {
      model_server::embed_text(streams.query(seq, streams.words(seq)), v);
    } else {
      const auto from = corpus->vector(publishes(seq));
      v.assign(from.begin(), from.end());
    }
    return v;
  }
  [[nodiscard]] Ran run(rag::Join& join, uint64_t seq) const {
    common::MessageWriter message;
    const common::Sizes sizes{1, 1};
    message.put_array(common::Section::sizes, std::span(&sizes, 1));
    message.put_text(common::Section::query, "q");
    const auto v = vector(seq);
    message.put_array(common::Section::vector, std::span<const float>(v));
    return run_operator(join, request_of(seq), message.bytes());
  }
};

std::vector<common::Match> matches_of(const Ran& ran) {
  const auto bytes = common::MessageReader(ran.bytes, "test").get(common::Section::matches);
  std::vector<common::Match> matches(bytes.size() / sizeof(common::Match));
  if (!bytes.empty()) std::memcpy(matches.data(), bytes.data(), bytes.size());
  return matches;
}

}  // namespace

TEST_CASE("all results together are the whole join, each pair once") {
  const Fixture f;
  constexpr uint64_t n = 150;
  std::set<std::pair<uint64_t, uint64_t>> expected;  // query, update
  for (uint64_t q = 0; q < n; ++q)
    for (uint64_t u = 0; u < n; ++u) {
      if (!f.streams.is_query(q) || f.streams.is_query(u)) continue;
      if (std::abs(f.streams.at_ns(q) - f.streams.at_ns(u)) >= 3'000'000'000) continue;
      if (static_cast<double>(model_server::dot(f.vector(q), f.vector(u))) >= f.config.similarity)
        expected.emplace(q, u);
    }
  REQUIRE(expected.size() > 20);

  std::set<std::pair<uint64_t, uint64_t>> found;
  rag::Join join(f.config);
  for (uint64_t seq = n; seq-- > 0;) {  // backwards: what was seen before does not matter
    for (const auto& match : matches_of(f.run(join, seq))) {
      const auto pair = f.streams.is_query(seq) ? std::pair(seq, match.seq) : std::pair(match.seq, seq);
      CHECK(found.insert(pair).second);
      CHECK(match.document == f.streams.document(pair.second));
    }
  }
  CHECK(found == expected);
}

TEST_CASE("a query's result changes with an update inside its window, and with none outside") {
  const Fixture f;
  rag::Join plain(f.config);
  int tried = 0;
  for (uint64_t q = 60; q < 120; ++q) {
    if (!f.streams.is_query(q)) continue;
    const auto before = f.run(plain, q);
    const auto matches = matches_of(before);
    const auto inside = [&](uint64_t seq) {
      return seq < q && f.streams.at_ns(q) - f.streams.at_ns(seq) < 3'000'000'000;
    };
    const auto other = [&](uint64_t seq) { return (f.streams.document(seq) + 1) % 150; };

    rag::Join changed_outside(f.config,
                              [&](uint64_t seq) { return inside(seq) ? f.streams.document(seq) : other(seq); });
    CHECK(f.run(changed_outside, q).out.digest == before.out.digest);
    if (matches.empty()) continue;
    ++tried;
    rag::Join changed_inside(
        f.config, [&](uint64_t seq) { return seq == matches[0].seq ? other(seq) : f.streams.document(seq); });
    CHECK(f.run(changed_inside, q).out.digest != before.out.digest);
  }
  CHECK(tried > 10);
}

TEST_CASE("the window slides: a query meets exactly the updates of the last three seconds") {
  const sage::Json everything = {{"join_similarity", -1}};
  const Fixture f(everything);
  rag::Join join(f.config);
  uint64_t oldest = 0;
  for (uint64_t q = 60; q < 120; ++q) {
    if (!f.streams.is_query(q)) continue;
    std::set<uint64_t> expected, met;
    for (uint64_t u = 0; u < q; ++u)
      if (!f.streams.is_query(u) && f.streams.at_ns(q) - f.streams.at_ns(u) < 3'000'000'000) expected.insert(u);
    for (const auto& match : matches_of(f.run(join, q))) met.insert(match.seq);
    CHECK(met == expected);
    CHECK(*met.begin() >= oldest);  // what has left the window does not come back
    oldest = *met.begin();
  }
  CHECK(oldest > 60);
}

TEST_CASE("matches are the best ones, and a document published twice is one hit") {
  const Fixture f({{"documents", 5}, {"join_similarity", -1}});
  const Fixture few({{"documents", 5}, {"join_similarity", -1}, {"join_keep", 3}});
  rag::Join all(f.config);
  rag::Join best(few.config);
  const uint64_t q = f.streams.is_query(100) ? 100 : f.streams.is_query(101) ? 101 : 102;
  REQUIRE(f.streams.is_query(q));
  const auto ran = f.run(all, q);
  const auto matches = matches_of(ran);
  REQUIRE(matches.size() > 5);
  const auto kept = matches_of(few.run(best, q));
  REQUIRE(kept.size() == 3);
  for (size_t i = 0; i < 3; ++i) CHECK(kept[i].seq == matches[i].seq);
  std::vector<common::Hit> hits;
  common::MessageReader(ran.bytes, "test").hits(hits, 5);
  std::set<uint32_t> documents;
  for (const auto& match : matches) documents.insert(match.document);
  CHECK(hits.size() == documents.size());
  CHECK(std::is_sorted(hits.begin(), hits.end(), rag::better));
}

TEST_CASE("a window of too many events is refused") {
  CHECK_THROWS_WITH_AS(rag::JoinConfig::from_json({{"window_s", 86'400}, {"event_rate", 10}}),
                       doctest::Contains("lower window_s or event_rate"), sage::Failure);
}
