// dedupe: leaves one document of each cluster of near duplicates, by DBSCAN over their similarities.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "operators/common/wire.hpp"
#include "operators/rag/corpus.hpp"

namespace operators::rag {

inline constexpr uint32_t noise = UINT32_MAX;

// The cluster of each of n items (Ester et al., KDD 1996), numbered by the first core item in them; `noise` for items
// in none. `neighbours` is an n x n matrix, symmetric and reflexive: nonzero = within reach. A core item has at least
// `core_points` neighbours, itself included. A border item belongs to the first of the clusters that reach it.
std::vector<uint32_t> dbscan(std::span<const uint8_t> neighbours, size_t n, size_t core_points);

struct DedupeConfig {
  CorpusConfig corpus;
  double similarity = 0.8;   // option dedupe_similarity: documents with at least this cosine are neighbours
  uint32_t core_points = 2;  // option dedupe_core_points; 2 = an item and one like it
  static DedupeConfig from_json(const sage::Json& config);
};

// The first hit of each cluster, and the noise: what is like nothing else. Their order stays.
std::vector<common::Hit> dedupe(const Corpus& corpus, const DedupeConfig& config, std::span<const common::Hit> hits);

// Input: sizes, query, vector, hits. Output: these, with the hits that are left.
class Dedupe final : public sage::Operator {
 public:
  explicit Dedupe(const DedupeConfig& config);
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  DedupeConfig config_;
  std::shared_ptr<const Corpus> corpus_;
  std::vector<common::Hit> hits_;
  common::MessageWriter message_;
};

}  // namespace operators::rag
