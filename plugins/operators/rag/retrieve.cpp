#include "operators/rag/retrieve.hpp"

#include "operators/common/config.hpp"

namespace operators::rag {

RetrieveConfig RetrieveConfig::from_json(const sage::Json& config) {
  return {CorpusConfig::from_json(config), common::read<uint32_t>(config, "candidates", 64, 1, 1000)};
}

Retrieve::Retrieve(const RetrieveConfig& config)
    : corpus_(shared_corpus(config.corpus)), candidates_(config.candidates) {}

void Retrieve::run(const sage::OpInput& in, sage_op_output& out) {
  const common::MessageReader input(in.bytes(), "retrieve");
  input.vector(query_, corpus_->dimensions());
  const auto hits = corpus_->nearest(query_, candidates_);

  message_.clear();
  for (const auto section : {common::Section::sizes, common::Section::query, common::Section::vector})
    message_.put(section, input.get(section));
  message_.put_array(common::Section::hits, std::span<const common::Hit>(hits));
  common::deliver(message_, out);
}

}  // namespace operators::rag
