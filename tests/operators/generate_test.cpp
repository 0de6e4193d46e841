#include "operators/model_server/generate.hpp"

#include <doctest/doctest.h>

#include <set>

#include "operators/common/churn.hpp"
#include "operators/common/text.hpp"
#include "operators/run_operator.hpp"

using namespace operators;

namespace {

std::vector<std::byte> prompt(std::string_view query, std::string_view context, common::Sizes sizes) {
  common::MessageWriter writer;
  writer.put_array(common::Section::sizes, std::span<const common::Sizes>(&sizes, 1));
  writer.put_text(common::Section::query, query);
  writer.put_text(common::Section::context, context);
  return {writer.bytes().begin(), writer.bytes().end()};
}

}  // namespace

TEST_CASE("every two words of an answer follow each other in the context") {
  const std::string context = "red fox runs. red hen sits. fox runs far. hen sits red";
  const auto words = common::split_words(context);
  std::set<std::pair<std::string_view, std::string_view>> pairs;
  for (size_t i = 0; i + 1 < words.size(); ++i) pairs.insert({words[i], words[i + 1]});
  const auto answer = model_server::generate_text("which animal", context, 200);
  const auto said = common::split_words(answer);
  REQUIRE(said.size() == 200);
  for (size_t i = 0; i + 1 < said.size(); ++i) CHECK(pairs.contains({said[i], said[i + 1]}));
  CHECK(model_server::generate_text("which animal", context, 200) == answer);
  CHECK(model_server::generate_text("what colour", context, 200) != answer);
}

TEST_CASE("an answer needs some word to begin with") {
  CHECK(common::split_words(model_server::generate_text("one two", "", 5)).size() == 5);
  CHECK(model_server::generate_text("", "", 5).empty());
  CHECK(model_server::generate_text("one", "two", 0).empty());
}

TEST_CASE("waiting takes prefill for the prompt and decode for the answer, and the first token comes after one of it") {
  model_server::Generate op(
      model_server::GenerateConfig::from_json({{"prefill_us_per_token", 10}, {"decode_us_per_token", 100}}));
  const auto ran = run_operator(op, request_of(1), prompt("a b c", "d e f g h i j", {3, 40}));
  CHECK(ran.out.hold_ns == (10 * 10 + 40 * 100) * 1000);
  CHECK(ran.out.first_after_ns == (10 * 10 + 100) * 1000);
  CHECK(ran.out.units == 40);
  const auto silent = run_operator(op, request_of(1), prompt("a b c", "", {3, 0}));
  CHECK(silent.out.hold_ns == 3 * 10 * 1000);
  CHECK(silent.out.first_after_ns == 0);
}

TEST_CASE("burning holds nothing and answers the same every time") {
  model_server::Generate op(model_server::GenerateConfig::from_json(
      {{"generate", "cpu"}, {"prefill_us_per_token", 1}, {"decode_us_per_token", 1}}));
  const auto once = run_operator(op, request_of(1), prompt("a b c", "d e", {3, 10}));
  const auto again = run_operator(op, request_of(2), prompt("a b c", "d e", {3, 10}));
  CHECK(once.out.hold_ns == 0);
  CHECK(once.out.digest == again.out.digest);
}

TEST_CASE("an absurd answer length is refused, not allocated") {
  model_server::Generate op(model_server::GenerateConfig{});
  CHECK_THROWS_AS(run_operator(op, request_of(1), prompt("a", "b", {1, UINT32_MAX})), sage::Failure);
  CHECK_THROWS_AS(model_server::GenerateConfig::from_json({{"generate", "gpu"}}), sage::Failure);
}

TEST_CASE("churn is a pure function of value and work") {
  CHECK(common::churn(1, 0) == 1);
  CHECK(common::churn(1, 10) == common::churn(1, 10));
  CHECK(common::churn(1, 10) != common::churn(2, 10));
  CHECK(common::churn(1, 10) != common::churn(1, 11));
}
