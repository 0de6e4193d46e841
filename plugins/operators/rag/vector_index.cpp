#include "operators/rag/vector_index.hpp"

// Without its SSE code: that reads one neighbour past the end of a list while prefetching, and its distances differ
// from machine to machine. Distances are ours, the ones that exact search computes.
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>

#include <algorithm>

#include "operators/model_server/embed.hpp"

namespace operators::rag {
namespace {

class UnitVectors final : public hnswlib::SpaceInterface<float> {
 public:
  explicit UnitVectors(size_t dimensions) : dimensions_(dimensions) {}
  size_t get_data_size() override { return dimensions_ * sizeof(float); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return distance; }
  void* get_dist_func_param() override { return &dimensions_; }

 private:
  static float distance(const void* a, const void* b, const void* dimensions) {
    const auto n = *static_cast<const size_t*>(dimensions);
    return 1 - model_server::dot({static_cast<const float*>(a), n}, {static_cast<const float*>(b), n});
  }
  size_t dimensions_;
};

}  // namespace

struct VectorIndex::Graph {
  UnitVectors space;
  hnswlib::HierarchicalNSW<float> nodes;
  Graph(size_t dimensions, size_t rows, const IndexConfig& config)
      : space(dimensions), nodes(&space, rows, config.links, config.ef_construction, /*random_seed=*/100) {
    nodes.setEf(config.ef_search);
  }
};

VectorIndex::VectorIndex(std::span<const float> rows, size_t dimensions, const IndexConfig& config)
    : graph_(std::make_unique<Graph>(dimensions, rows.size() / dimensions, config)) {
  for (size_t i = 0; i < rows.size() / dimensions; ++i) graph_->nodes.addPoint(rows.data() + i * dimensions, i);
}

VectorIndex::~VectorIndex() = default;

std::vector<common::Hit> VectorIndex::nearest(std::span<const float> query, size_t k) const {
  auto found = graph_->nodes.searchKnn(query.data(), k);
  std::vector<common::Hit> hits;
  hits.reserve(found.size());
  for (; !found.empty(); found.pop())
    hits.push_back({static_cast<uint32_t>(found.top().second), 1 - found.top().first});
  std::sort(hits.begin(), hits.end(), better);
  return hits;
}

}  // namespace operators::rag
