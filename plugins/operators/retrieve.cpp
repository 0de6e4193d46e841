#include "operators/retrieve.hpp"

#include "operators/config.hpp"

namespace operators {

RetrieveConfig RetrieveConfig::from_json(const sage::Json& config) {
  return {CorpusConfig::from_json(config), read<uint32_t>(config, "candidates", 64, 1, 1000)};
}

Retrieve::Retrieve(const RetrieveConfig& config)
    : corpus_(shared_corpus(config.corpus)), candidates_(config.candidates) {}

void Retrieve::run(const sage::OpInput& in, sage_op_output& out) {
  const MessageReader input(in.bytes(), "retrieve");
  input.vector(query_, corpus_->dimensions());
  const auto hits = corpus_->nearest(query_, candidates_);

  message_.clear();
  for (const auto section : {Section::sizes, Section::query, Section::vector})
    message_.put(section, input.get(section));
  message_.put_array(Section::hits, std::span<const Hit>(hits));
  deliver(message_, out);
}

}  // namespace operators
