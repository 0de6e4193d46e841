// A synthetic language: words of a Zipf vocabulary in topic clusters, spelled out, in sentences. It stands in for user
// text and documents: word frequencies and topical similarity look like real ones, and every text is a function of a
// seed.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operators/common/zipf.hpp"

namespace operators::common {

// One word is one token, here and wherever tokens are counted.
struct LanguageConfig {
  uint64_t seed = 42;
  uint32_t vocabulary = 8192;
  uint32_t topics = 32;
  double zipf = 1.0;  // exponent of word frequencies

  static LanguageConfig from_json(const sage::Json& config);
  bool operator==(const LanguageConfig&) const = default;
};

// Immutable after construction, so shared between threads.
class Language {
 public:
  explicit Language(const LanguageConfig& config);
  // `words` words about `topic`, each sentence ended by a period. The same draws give the same text.
  [[nodiscard]] std::string compose(const sage::Draw& draw, uint32_t topic, uint32_t words) const;
  [[nodiscard]] uint32_t topics() const { return topics_; }

 private:
  uint32_t common_;  // words 0 .. common_-1 belong to every topic; the others are dealt out to the topics in turn
  uint32_t topics_;
  Zipf common_words_;
  Zipf topic_words_;
};

// How word number `id` is spelled: frequent words are short, and no two are alike.
std::string spell(uint32_t id);

// The words of a text: runs of ASCII letters and digits, and whatever is not ASCII. Views into `text`.
std::vector<std::string_view> split_words(std::string_view text);
// Its sentences, without the period; empty ones are dropped.
std::vector<std::string_view> split_sentences(std::string_view text);

// The text of request `seq`, `words` long: a function of seed and seq (and of the length, which a trace may set).
std::string request_text(const Language& language, uint64_t seed, uint64_t seq, uint32_t words);
// Likewise, on a given topic.
std::string request_text(const Language& language, uint64_t seed, uint64_t seq, uint32_t words, uint32_t topic);

}  // namespace operators::common
