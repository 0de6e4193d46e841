// Nearest neighbours by inner product over hnswlib (Malkov and Yashunin, TPAMI 2020).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "operators/common/wire.hpp"

namespace operators::rag {

struct IndexConfig {
  uint32_t links = 16;             // M: neighbours a node keeps on each layer
  uint32_t ef_construction = 100;  // breadth of the search while building
  uint32_t ef_search = 128;        // breadth of a query: recall against time
  bool operator==(const IndexConfig&) const = default;
};

// Built once by one thread with a fixed seed, so the graph is the same everywhere; queries are [any].
class VectorIndex {
 public:
  // `rows` holds unit vectors one after the other; copied.
  VectorIndex(std::span<const float> rows, size_t dimensions, const IndexConfig& config);
  ~VectorIndex();
  VectorIndex(const VectorIndex&) = delete;
  VectorIndex& operator=(const VectorIndex&) = delete;

  // Best first; the score is the inner product, ties go to the lower document.
  [[nodiscard]] std::vector<common::Hit> nearest(std::span<const float> query, size_t k) const;

 private:
  struct Graph;
  std::unique_ptr<Graph> graph_;
};

// The order of hits: best score first, then lowest document.
inline bool better(const common::Hit& a, const common::Hit& b) {
  return a.score != b.score ? a.score > b.score : a.document < b.document;
}

}  // namespace operators::rag
