#include "operators/rag/corpus.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "operators/common/config.hpp"
#include "operators/model_server/embed.hpp"

namespace operators::rag {
namespace {

constexpr float age_mean_days = 180;
constexpr double edited_share = 0.1;  // of a copy's words, replaced by others of the same text

// The document that `id` is a copy of, directly or through other copies; itself if it is none.
uint32_t origin(const CorpusConfig& config, uint32_t id) {
  const sage::Draw copies(config.language.seed, "corpus.copy");
  const sage::Draw originals(config.language.seed, "corpus.original");
  while (id > 0 && copies.unit(id) < config.duplicate_share)
    id = static_cast<uint32_t>(originals.integer(id, 0, id - 1));
  return id;
}

std::string edited(std::string_view text, const sage::Draw& draw) {
  const auto words = common::split_words(text);
  std::string copy;
  const char* at = text.data();
  for (uint64_t n = 0; n < words.size(); ++n) {
    copy.append(at, words[n].data());  // what stands between the words
    copy += draw.unit(2 * n) < edited_share ? words[draw.integer(2 * n + 1, 0, words.size() - 1)] : words[n];
    at = words[n].data() + words[n].size();
  }
  return copy.append(at, text.data() + text.size());
}

// Sorted distinct terms with their counts.
std::vector<Term> count_terms(std::vector<uint32_t> ids) {
  std::sort(ids.begin(), ids.end());
  std::vector<Term> terms;
  for (const auto id : ids) {
    if (terms.empty() || terms.back().id != id) terms.push_back({id, 0});
    ++terms.back().count;
  }
  return terms;
}

}  // namespace

CorpusConfig CorpusConfig::from_json(const sage::Json& config) {
  CorpusConfig c;
  c.language = common::LanguageConfig::from_json(config);
  c.documents = common::read<uint32_t>(config, "documents", c.documents, 1, 1'000'000);
  c.document_words = common::read<uint32_t>(config, "document_words", c.document_words, 2, 100'000);
  c.duplicate_share = common::read<double>(config, "duplicate_share", c.duplicate_share, 0, 0.9);
  c.dimensions = common::read<uint32_t>(config, "dimensions", c.dimensions, 128, 1024);
  const auto index = common::read_text(config, "index", "hnsw");
  if (index != "hnsw" && index != "exact")
    throw sage::Failure(SAGE_INVALID, "option 'index' is '" + index + "'; it must be hnsw or exact");
  c.approximate = index == "hnsw";
  c.index.links = common::read<uint32_t>(config, "hnsw_links", c.index.links, 2, 128);
  c.index.ef_construction = common::read<uint32_t>(config, "hnsw_ef_construction", c.index.ef_construction, 2, 10'000);
  c.index.ef_search = common::read<uint32_t>(config, "hnsw_ef_search", c.index.ef_search, 1, 10'000);
  return c;
}

uint32_t document_words(const CorpusConfig& config, uint32_t id) {
  const auto half = config.document_words / 2;
  const sage::Draw lengths(config.language.seed, "corpus.length");
  return static_cast<uint32_t>(
      lengths.integer(origin(config, id), config.document_words - half, config.document_words + half));
}

Corpus::Corpus(const CorpusConfig& config) : config_(config) {
  const common::Language language(config.language);
  const sage::Draw topics(config.language.seed, "corpus.topic");
  const sage::Draw ages(config.language.seed, "corpus.age");
  const sage::Draw texts(config.language.seed, "corpus.text");

  documents_.resize(config.documents);
  vectors_.resize(size_t{config.documents} * config.dimensions);
  double words_total = 0;
  for (uint32_t i = 0; i < config.documents; ++i) {
    auto& d = documents_[i];
    const auto original = origin(config, i);
    d.topic = static_cast<uint32_t>(topics.integer(original, 0, language.topics() - 1));
    d.words = document_words(config, i);
    d.age_days = age_mean_days * static_cast<float>(ages.exponential(i));
    d.text = original == i ? language.compose(sage::Draw(texts.bits(i), "words"), d.topic, d.words)
                           : edited(documents_[original].text, sage::Draw(texts.bits(i), "edits"));
    words_total += d.words;

    std::vector<uint32_t> ids;
    for (const auto word : common::split_words(d.text)) {
      const auto [term, is_new] = term_ids_.try_emplace(std::string(word), static_cast<uint32_t>(term_ids_.size()));
      if (is_new) words_.emplace_back(term->first);
      ids.push_back(term->second);
    }
    d.terms = count_terms(std::move(ids));
    postings_.resize(words_.size());
    for (const auto& term : d.terms) postings_[term.id].push_back({i, term.count});
    model_server::embed_text(d.text, {vectors_.data() + size_t{i} * config.dimensions, config.dimensions});
  }
  mean_words_ = words_total / config.documents;
  for (const auto& postings : postings_) {
    const auto n = static_cast<double>(postings.size());
    idf_.push_back(std::log(1 + (config.documents - n + 0.5) / (n + 0.5)));
  }
  if (config.approximate) index_ = std::make_unique<VectorIndex>(vectors_, config.dimensions, config.index);
}

std::optional<uint32_t> Corpus::term_id(std::string_view word) const {
  const auto found = term_ids_.find(std::string(word));
  return found == term_ids_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Term> Corpus::terms(std::string_view text) const {
  std::vector<uint32_t> ids;
  for (const auto word : common::split_words(text))
    if (const auto id = term_id(word)) ids.push_back(*id);
  return count_terms(std::move(ids));
}

std::vector<common::Hit> Corpus::nearest(std::span<const float> query, size_t k) const {
  k = std::min(k, size());
  return index_ ? index_->nearest(query, k) : nearest_exact(query, k);
}

std::vector<common::Hit> Corpus::nearest_exact(std::span<const float> query, size_t k) const {
  std::vector<common::Hit> hits;
  hits.reserve(size());
  for (uint32_t i = 0; i < size(); ++i) hits.push_back({i, model_server::dot(query, vector(i))});
  k = std::min(k, hits.size());
  std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(k), hits.end(), better);
  hits.resize(k);
  return hits;
}

std::shared_ptr<const Corpus> shared_corpus(const CorpusConfig& config) {
  static std::mutex mutex;
  static std::vector<std::pair<CorpusConfig, std::weak_ptr<const Corpus>>> corpora;
  const std::scoped_lock lock(mutex);  // held while building: the others would only build the same
  std::erase_if(corpora, [](const auto& entry) { return entry.second.expired(); });
  for (const auto& [known, corpus] : corpora)
    if (known == config)
      if (auto alive = corpus.lock()) return alive;
  auto corpus = std::make_shared<const Corpus>(config);
  corpora.emplace_back(config, corpus);
  return corpus;
}

}  // namespace operators::rag
