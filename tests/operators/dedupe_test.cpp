#include "operators/rag/dedupe.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "operators/model_server/embed.hpp"

using namespace operators;

namespace {

// By the definition: clusters are the connected components of the core items; a border item joins the first that
// reaches it.
std::vector<uint32_t> plain_dbscan(const std::vector<uint8_t>& near, size_t n, size_t core_points) {
  std::vector<bool> core(n);
  for (size_t i = 0; i < n; ++i) {
    size_t count = 0;
    for (size_t j = 0; j < n; ++j) count += near[i * n + j];
    core[i] = count >= core_points;
  }
  std::vector<size_t> root(n);
  std::iota(root.begin(), root.end(), size_t{0});
  for (size_t round = 0; round < n; ++round)
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j)
        if (core[i] && core[j] && near[i * n + j] != 0) root[i] = root[j] = std::min(root[i], root[j]);
  std::vector<uint32_t> cluster(n, rag::noise);
  uint32_t clusters = 0;
  for (size_t r = 0; r < n; ++r) {
    if (!core[r] || root[r] != r) continue;
    for (size_t i = 0; i < n; ++i) {
      if (core[i] && root[i] == r) cluster[i] = clusters;
      if (core[i] || cluster[i] != rag::noise) continue;
      for (size_t j = 0; j < n; ++j)
        if (core[j] && root[j] == r && near[i * n + j] != 0) cluster[i] = clusters;
    }
    ++clusters;
  }
  return cluster;
}

}  // namespace

TEST_CASE("clusters are those of the definition") {
  size_t noisy = 0, clustered = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    constexpr size_t n = 24;
    const sage::Draw draw(seed, "near");
    std::vector<uint8_t> near(n * n, 0);
    for (size_t i = 0; i < n; ++i) {
      near[i * n + i] = 1;
      for (size_t j = i + 1; j < n; ++j) near[i * n + j] = near[j * n + i] = draw.unit(i * n + j) < 0.08 ? 1 : 0;
    }
    for (const size_t core_points : {1U, 2U, 3U, 4U}) {
      const auto found = rag::dbscan(near, n, core_points);
      CHECK(found == plain_dbscan(near, n, core_points));
      for (const auto c : found) ++(c == rag::noise ? noisy : clustered);
    }
  }
  CHECK(noisy > 1000);
  CHECK(clustered > 1000);
  CHECK(rag::dbscan({}, 0, 2).empty());
}

TEST_CASE("of edited copies one is left, and what is alone stays") {
  rag::DedupeConfig config;
  config.corpus.documents = 300;
  config.corpus.document_words = 100;
  config.corpus.duplicate_share = 0.4;
  const auto corpus = rag::shared_corpus(config.corpus);
  std::vector<common::Hit> all;
  for (uint32_t d = 0; d < 300; ++d) all.push_back({d, 1 - static_cast<float>(d) / 1000});
  const auto left = rag::dedupe(*corpus, config, all);
  CHECK(left.size() == doctest::Approx(180).epsilon(0.15));
  CHECK(std::is_sorted(left.begin(), left.end(), rag::better));
  for (size_t i = 0; i < left.size(); ++i)
    for (size_t j = i + 1; j < left.size(); ++j)
      CHECK(static_cast<double>(model_server::dot(corpus->vector(left[i].document), corpus->vector(left[j].document))) <
            0.8);

  config.corpus.duplicate_share = 0;
  const auto without = rag::dedupe(*rag::shared_corpus(config.corpus), config, all);
  CHECK(without.size() == 300);  // documents on one topic are not duplicates
}
