#include "operators/common/text.hpp"

#include "operators/common/config.hpp"

namespace operators::common {
namespace {

constexpr double topic_share = 0.5;  // of words that are the topic's own

bool is_word(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9') || u >= 0x80;
}

}  // namespace

LanguageConfig LanguageConfig::from_json(const sage::Json& config) {
  LanguageConfig c;
  c.seed = read<uint64_t>(config, "seed", c.seed);
  c.vocabulary = read<uint32_t>(config, "vocabulary", c.vocabulary, 64, 1'000'000);
  c.topics = read<uint32_t>(config, "topics", c.topics, 1, 4096);
  c.zipf = read<double>(config, "zipf", c.zipf, 0, 4);
  if (c.topics > c.vocabulary / 2)
    throw sage::Failure(SAGE_INVALID, "option 'topics' is " + std::to_string(c.topics) + "; with a vocabulary of " +
                                          std::to_string(c.vocabulary) + " it must be at most half of that");
  return c;
}

Language::Language(const LanguageConfig& config)
    : common_(config.vocabulary / 4),
      topics_(config.topics),
      common_words_(common_, config.zipf),
      topic_words_((config.vocabulary - common_) / config.topics, config.zipf) {}

std::string Language::compose(const sage::Draw& draw, uint32_t topic, uint32_t words) const {
  std::string text;
  text.reserve(size_t{words} * 7);
  uint32_t left_in_sentence = 0;
  uint64_t n = 0;
  for (uint32_t i = 0; i < words; ++i) {
    if (left_in_sentence == 0) left_in_sentence = static_cast<uint32_t>(draw.integer(n++, 8, 20));
    const bool of_topic = draw.unit(n++) < topic_share;
    const double u = draw.unit(n++);
    const auto id = of_topic ? common_ + topic + topics_ * topic_words_.rank(u) : common_words_.rank(u);
    text += spell(static_cast<uint32_t>(id));
    text += --left_in_sentence == 0 || i + 1 == words ? ". " : " ";
  }
  return text;
}

std::string spell(uint32_t id) {
  static constexpr std::string_view consonants = "bdfghjklmnprstvz";
  static constexpr std::string_view vowels = "aeiou";
  constexpr auto syllables = static_cast<uint32_t>(consonants.size() * vowels.size());
  std::string word;
  // bijective base 80: every sequence of syllables is exactly one number
  for (;; id = id / syllables - 1) {
    word += consonants[id % syllables / vowels.size()];
    word += vowels[id % vowels.size()];
    if (id < syllables) return word;
  }
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  words.reserve(text.size() / 6);
  for (size_t at = 0; at < text.size();) {
    const auto begin = at;
    while (at < text.size() && is_word(text[at])) ++at;
    if (at > begin) words.push_back(text.substr(begin, at - begin));
    while (at < text.size() && !is_word(text[at])) ++at;
  }
  return words;
}

std::vector<std::string_view> split_sentences(std::string_view text) {
  std::vector<std::string_view> sentences;
  while (!text.empty()) {
    const auto end = text.find('.');
    auto sentence = text.substr(0, end);
    while (!sentence.empty() && sentence.front() == ' ') sentence.remove_prefix(1);
    if (!sentence.empty()) sentences.push_back(sentence);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return sentences;
}

std::string request_text(const Language& language, uint64_t seed, uint64_t seq, uint32_t words) {
  const auto topic = sage::Draw(seed, "text.topic").integer(seq, 0, language.topics() - 1);
  return request_text(language, seed, seq, words, static_cast<uint32_t>(topic));
}

std::string request_text(const Language& language, uint64_t seed, uint64_t seq, uint32_t words, uint32_t topic) {
  const sage::Draw draw(sage::Draw(seed, "text").bits(seq), "words");
  return language.compose(draw, topic, words);
}

}  // namespace operators::common
