#include "operators/model_server/embed.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "operators/run_operator.hpp"

using namespace operators;

namespace {

std::vector<float> embedded(std::string_view text, size_t dimensions = 256) {
  std::vector<float> v(dimensions);
  model_server::embed_text(text, v);
  return v;
}

double length(std::span<const float> v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(sum);
}

}  // namespace

TEST_CASE("a vector has unit length, even that of an empty text") {
  for (const size_t dimensions : {128U, 300U, 1024U}) {
    CHECK(length(embedded("the quick brown fox", dimensions)) == doctest::Approx(1.0).epsilon(1e-5));
    CHECK(length(embedded("", dimensions)) == 1.0);
  }
}

TEST_CASE("texts of one topic are more alike than texts of two") {
  const common::Language language({});
  const auto about = [&](uint32_t topic, uint64_t n) {
    return embedded(language.compose(sage::Draw(n, "test"), topic, 200));
  };
  int closer = 0;
  for (uint64_t n = 0; n < 50; ++n) {
    const auto a = about(3, 3 * n);
    closer += model_server::dot(a, about(3, 3 * n + 1)) > model_server::dot(a, about(17, 3 * n + 2)) ? 1 : 0;
  }
  CHECK(closer >= 48);
}

TEST_CASE("word order and spelling matter") {
  CHECK(embedded("alpha beta gamma") != embedded("gamma beta alpha"));
  const auto word = embedded("retrieval");
  CHECK(model_server::dot(word, embedded("retrievals")) > model_server::dot(word, embedded("quantum")));
}

TEST_CASE("the fixed-lane inner product is the plain one up to rounding") {
  for (const size_t n : {1U, 7U, 8U, 9U, 256U, 301U}) {
    std::vector<float> a(n), b(n);
    double plain = 0;
    for (size_t i = 0; i < n; ++i) {
      a[i] = static_cast<float>(sage::Draw(1, "a").unit(i) - 0.5);
      b[i] = static_cast<float>(sage::Draw(1, "b").unit(i) - 0.5);
      plain += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    }
    CHECK(model_server::dot(a, b) == doctest::Approx(plain).epsilon(1e-4));
  }
}

TEST_CASE("embed draws the request's text, or takes the payload's") {
  model_server::Embed op(model_server::EmbedConfig::from_json({{"seed", 5}}));
  const auto drawn = run_operator(op, request_of(9, 100, 30));
  const common::MessageReader reader(drawn.bytes, "test");
  CHECK(reader.text(common::Section::query) ==
        common::request_text(common::Language(common::LanguageConfig{.seed = 5}), 5, 9, 100));
  CHECK(reader.sizes().units_out == 30);
  std::vector<float> v;
  reader.vector(v, 384);
  CHECK(v == embedded(reader.text(common::Section::query), 384));
  CHECK(drawn.out.digest == common::digest_of(drawn.bytes));

  const std::string_view payload = "a real question";
  const auto given = run_operator(op, request_of(9, 3), std::as_bytes(std::span(payload)));
  CHECK(common::MessageReader(given.bytes, "test").text(common::Section::query) == payload);
}

TEST_CASE("options out of range are refused by name") {
  CHECK_THROWS_WITH_AS(model_server::EmbedConfig::from_json({{"dimensions", 64}}),
                       doctest::Contains("'dimensions' is 64"), sage::Failure);
  CHECK_THROWS_AS(model_server::EmbedConfig::from_json({{"dimensions", -1}}), sage::Failure);
  CHECK_THROWS_AS(model_server::EmbedConfig::from_json({{"dimensions", 256.5}}), sage::Failure);
  CHECK_THROWS_AS(model_server::EmbedConfig::from_json({{"dimensions", "256"}}), sage::Failure);
  CHECK_THROWS_AS(model_server::EmbedConfig::from_json({{"vocabulary", 100}, {"topics", 60}}), sage::Failure);
}
