// The documents that the retrieval stages search: synthetic, seeded, immutable, shared by all replicas of a process.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "operators/common/text.hpp"
#include "operators/rag/vector_index.hpp"

namespace operators::rag {

struct CorpusConfig {
  common::LanguageConfig language;
  uint32_t documents = 4000;
  uint32_t document_words = 160;  // mean; lengths are uniform in half to one and a half of it
  double duplicate_share = 0;     // of documents that are an edited copy of an earlier one
  uint32_t dimensions = 384;
  bool approximate = true;  // build the hnsw index; otherwise only exact search
  IndexConfig index;

  static CorpusConfig from_json(const sage::Json& config);
  bool operator==(const CorpusConfig&) const = default;
};

struct Term {
  uint32_t id = 0;
  uint32_t count = 0;
};

// An occurrence of a term: which document, how often.
struct Posting {
  uint32_t document = 0;
  uint32_t count = 0;
};

struct Document {
  std::string text;
  uint32_t topic = 0;
  uint32_t words = 0;
  float age_days = 0;
  std::vector<Term> terms;  // sorted by id
};

// The length in words of a document, without building the corpus.
uint32_t document_words(const CorpusConfig& config, uint32_t id);

// Everything is const after construction: [any].
class Corpus {
 public:
  explicit Corpus(const CorpusConfig& config);

  [[nodiscard]] size_t size() const { return documents_.size(); }
  [[nodiscard]] size_t dimensions() const { return config_.dimensions; }
  [[nodiscard]] const Document& document(uint32_t id) const { return documents_[id]; }
  [[nodiscard]] std::span<const float> vector(uint32_t id) const {
    return {vectors_.data() + size_t{id} * config_.dimensions, config_.dimensions};
  }
  [[nodiscard]] double mean_words() const { return mean_words_; }

  // The distinct terms of a text that some document holds, with their counts, sorted by id.
  [[nodiscard]] std::vector<Term> terms(std::string_view text) const;
  // Of a word; nothing when no document holds it.
  [[nodiscard]] std::optional<uint32_t> term_id(std::string_view word) const;
  // Inverse document frequency as in BM25: ln(1 + (N - n + 0.5) / (n + 0.5)).
  [[nodiscard]] double idf(uint32_t term) const { return idf_[term]; }

  [[nodiscard]] std::string_view word(uint32_t term) const { return words_[term]; }
  [[nodiscard]] size_t terms() const { return words_.size(); }
  // The documents that hold a term, in ascending order.
  [[nodiscard]] std::span<const Posting> postings(uint32_t term) const { return postings_[term]; }

  // The k documents nearest to a unit vector by inner product, best first.
  [[nodiscard]] std::vector<common::Hit> nearest(std::span<const float> query, size_t k) const;
  [[nodiscard]] std::vector<common::Hit> nearest_exact(std::span<const float> query, size_t k) const;

 private:
  CorpusConfig config_;
  std::vector<Document> documents_;
  std::vector<float> vectors_;
  std::unordered_map<std::string, uint32_t> term_ids_;
  std::vector<std::string_view> words_;  // by term; views of the keys above
  std::vector<std::vector<Posting>> postings_;
  std::vector<double> idf_;
  double mean_words_ = 0;
  std::unique_ptr<VectorIndex> index_;
};

// The corpus of a configuration: built by whoever asks first, while others who want it wait; freed with its last user.
std::shared_ptr<const Corpus> shared_corpus(const CorpusConfig& config);

}  // namespace operators::rag
