#include "operators/rag/ingest.hpp"

#include "operators/model_server/embed.hpp"

namespace operators::rag {

Ingest::Ingest(const CorpusConfig& corpus, const common::StreamsConfig& streams)
    : corpus_(shared_corpus(corpus)), streams_(streams), vector_(corpus.dimensions, 0.0F) {}

void Ingest::run(const sage::OpInput& in, sage_op_output& out) {
  const auto& request = in.request();
  const auto& text = corpus_->document(streams_.document(request.seq)).text;
  model_server::embed_text(text, vector_);

  const common::Sizes sizes{request.units_in, request.units_out};
  message_.clear();
  message_.put_array(common::Section::sizes, std::span(&sizes, 1));
  message_.put_text(common::Section::query, text);
  message_.put_array(common::Section::vector, std::span<const float>(vector_));
  common::deliver(message_, out);
}

}  // namespace operators::rag
