#include "operators/common/text.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

using namespace operators;

TEST_CASE("no two words are spelled alike") {
  std::set<std::string> words;
  for (uint32_t id = 0; id < 20'000; ++id) words.insert(common::spell(id));
  CHECK(words.size() == 20'000);
  CHECK(common::spell(0).size() == 2);
}

TEST_CASE("a text has the words that were asked for, in sentences of 8 to 20") {
  const common::Language language({});
  const auto text = common::request_text(language, 42, 7, 300);
  CHECK(common::split_words(text).size() == 300);
  const auto sentences = common::split_sentences(text);
  for (size_t i = 0; i + 1 < sentences.size(); ++i) {
    CHECK(common::split_words(sentences[i]).size() >= 8);
    CHECK(common::split_words(sentences[i]).size() <= 20);
  }
}

TEST_CASE("a request's text is a function of seed and seq, and a longer one begins like a shorter one") {
  const common::Language language({});
  CHECK(common::request_text(language, 42, 7, 300) == common::request_text(language, 42, 7, 300));
  CHECK(common::request_text(language, 42, 7, 300) != common::request_text(language, 42, 8, 300));
  CHECK(common::request_text(language, 42, 7, 300) != common::request_text(language, 43, 7, 300));
  const auto short_words = common::split_words(common::request_text(language, 42, 7, 50)).size();
  CHECK(short_words == 50);
}

TEST_CASE("words are Zipf distributed: the most frequent tenth of them makes up most of the text") {
  const common::Language language({});
  std::map<std::string_view, size_t> counts;
  const auto text = language.compose(sage::Draw(1, "test"), 0, 20'000);
  for (const auto word : common::split_words(text)) ++counts[word];
  std::vector<size_t> sorted;
  for (const auto& [word, n] : counts) sorted.push_back(n);
  std::sort(sorted.rbegin(), sorted.rend());
  size_t top = 0;
  for (size_t i = 0; i < sorted.size() / 10; ++i) top += sorted[i];
  CHECK(top > 20'000 * 55 / 100);
  CHECK(top < 20'000 * 95 / 100);
}

TEST_CASE("a Zipf rank comes as often as its law says") {
  const common::Zipf zipf(100, 1.0);
  const sage::Draw draw(3, "test");
  std::vector<double> counts(100, 0);
  for (uint64_t i = 0; i < 200'000; ++i) ++counts[zipf.rank(draw.unit(i))];
  double harmonic = 0;
  for (int r = 1; r <= 100; ++r) harmonic += 1.0 / r;
  for (const size_t r : {0U, 1U, 9U, 49U})
    CHECK(counts[r] / 200'000 == doctest::Approx(1 / (static_cast<double>(r + 1) * harmonic)).epsilon(0.1));
  CHECK(zipf.rank(0.0) == 0);
  CHECK(zipf.rank(0.9999999999999999) == 99);
}

TEST_CASE("splitting copes with any bytes") {
  CHECK(common::split_words("").empty());
  CHECK(common::split_words(" .,; ").empty());
  CHECK(common::split_words("a, b.c") == std::vector<std::string_view>{"a", "b", "c"});
  CHECK(common::split_words("na\xc3\xafve") == std::vector<std::string_view>{"na\xc3\xafve"});
  CHECK(common::split_sentences("one. two") == std::vector<std::string_view>{"one", "two"});
  CHECK(common::split_sentences("...").empty());
}
