#include "operators/rag/dedupe.hpp"

#include "operators/common/config.hpp"
#include "operators/model_server/embed.hpp"

namespace operators::rag {

std::vector<uint32_t> dbscan(std::span<const uint8_t> neighbours, size_t n, size_t core_points) {
  std::vector<uint32_t> cluster(n, noise);
  const auto row = [&](size_t i) { return neighbours.subspan(i * n, n); };
  const auto is_core = [&](size_t i) {
    size_t count = 0;
    for (const auto near : row(i)) count += near != 0 ? 1 : 0;
    return count >= core_points;
  };
  uint32_t clusters = 0;
  std::vector<size_t> frontier;  // core items whose neighbours are not in yet
  for (size_t seed = 0; seed < n; ++seed) {
    if (cluster[seed] != noise || !is_core(seed)) continue;
    const auto id = clusters++;
    cluster[seed] = id;
    frontier.push_back(seed);
    while (!frontier.empty()) {
      const auto near = row(frontier.back());
      frontier.pop_back();
      for (size_t i = 0; i < n; ++i) {
        if (near[i] == 0 || cluster[i] != noise) continue;
        cluster[i] = id;
        if (is_core(i)) frontier.push_back(i);
      }
    }
  }
  return cluster;
}

DedupeConfig DedupeConfig::from_json(const sage::Json& config) {
  DedupeConfig c;
  c.corpus = CorpusConfig::from_json(config);
  c.similarity = common::read<double>(config, "dedupe_similarity", c.similarity, -1, 1);
  c.core_points = common::read<uint32_t>(config, "dedupe_core_points", c.core_points, 1, 1000);
  return c;
}

std::vector<common::Hit> dedupe(const Corpus& corpus, const DedupeConfig& config, std::span<const common::Hit> hits) {
  const auto n = hits.size();
  std::vector<uint8_t> neighbours(n * n, 0);
  for (size_t i = 0; i < n; ++i) {
    neighbours[i * n + i] = 1;
    for (size_t j = i + 1; j < n; ++j) {
      const double cosine = model_server::dot(corpus.vector(hits[i].document), corpus.vector(hits[j].document));
      neighbours[i * n + j] = neighbours[j * n + i] = cosine >= config.similarity ? 1 : 0;
    }
  }
  const auto cluster = dbscan(neighbours, n, config.core_points);
  std::vector<common::Hit> left;
  std::vector<bool> seen(n, false);
  for (size_t i = 0; i < n; ++i) {
    if (cluster[i] != noise && seen[cluster[i]]) continue;
    if (cluster[i] != noise) seen[cluster[i]] = true;
    left.push_back(hits[i]);
  }
  return left;
}

Dedupe::Dedupe(const DedupeConfig& config) : config_(config), corpus_(shared_corpus(config.corpus)) {}

void Dedupe::run(const sage::OpInput& in, sage_op_output& out) {
  const common::MessageReader input(in.bytes(), "dedupe");
  input.hits(hits_, corpus_->size());
  const auto left = dedupe(*corpus_, config_, hits_);

  message_.clear();
  for (const auto section : {common::Section::sizes, common::Section::query, common::Section::vector})
    message_.put(section, input.get(section));
  message_.put_array(common::Section::hits, std::span<const common::Hit>(left));
  common::deliver(message_, out);
}

}  // namespace operators::rag
