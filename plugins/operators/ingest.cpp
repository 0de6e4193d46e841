#include "operators/ingest.hpp"

#include "operators/embed.hpp"

namespace operators {

Ingest::Ingest(const CorpusConfig& corpus, const StreamsConfig& streams)
    : corpus_(shared_corpus(corpus)), streams_(streams), vector_(corpus.dimensions, 0.0F) {}

void Ingest::run(const sage::OpInput& in, sage_op_output& out) {
  const auto& request = in.request();
  const auto& text = corpus_->document(streams_.document(request.seq)).text;
  embed_text(text, vector_);

  const Sizes sizes{request.units_in, request.units_out};
  message_.clear();
  message_.put_array(Section::sizes, std::span(&sizes, 1));
  message_.put_text(Section::query, text);
  message_.put_array(Section::vector, std::span<const float>(vector_));
  deliver(message_, out);
}

}  // namespace operators
