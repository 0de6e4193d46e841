#include "operators/rag/fuse.hpp"

#include <algorithm>
#include <map>

#include "operators/common/config.hpp"

namespace operators::rag {

FuseConfig FuseConfig::from_json(const sage::Json& config) {
  return {CorpusConfig::from_json(config), common::read<uint32_t>(config, "fuse_keep", 64, 1, 10'000)};
}

std::vector<common::Hit> fuse(std::span<const std::vector<common::Hit>> lists, size_t keep) {
  constexpr double k = 60;  // the paper's
  std::map<uint32_t, double> scores;
  for (const auto& list : lists)
    for (size_t rank = 1; rank <= list.size(); ++rank)
      scores[list[rank - 1].document] += 1 / (k + static_cast<double>(rank));
  std::vector<common::Hit> hits;
  for (const auto& [document, score] : scores) hits.push_back({document, static_cast<float>(score)});
  std::sort(hits.begin(), hits.end(), better);
  hits.resize(std::min(keep, hits.size()));
  return hits;
}

Fuse::Fuse(const FuseConfig& config) : config_(config) {}

void Fuse::run(const sage::OpInput& in, sage_op_output& out) {
  const common::MessageReader request(in.bytes(), "fuse");
  lists_.resize(in.size() - 1);
  for (size_t i = 0; i < lists_.size(); ++i)
    common::MessageReader(in.bytes(i + 1), "fuse").hits(lists_[i], config_.corpus.documents);
  const auto hits = fuse(lists_, config_.keep);

  message_.clear();
  for (const auto section : {common::Section::sizes, common::Section::query, common::Section::vector})
    message_.put(section, request.get(section));
  message_.put_array(common::Section::hits, std::span<const common::Hit>(hits));
  common::deliver(message_, out);
}

}  // namespace operators::rag
