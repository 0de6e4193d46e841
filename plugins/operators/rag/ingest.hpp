// ingest: the first stage of a document update. Reads the document that it publishes and embeds it.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <vector>

#include "operators/common/streams.hpp"
#include "operators/common/wire.hpp"
#include "operators/rag/corpus.hpp"

namespace operators::rag {

// An update publishes a document of the corpus as it stands there: what it changes is when the document was last seen
// in the stream, not its text. The index is not rebuilt.
//
// Input: nothing. Output: sizes, query (the document's text), vector.
class Ingest final : public sage::Operator {
 public:
  Ingest(const CorpusConfig& corpus, const common::StreamsConfig& streams);
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  std::shared_ptr<const Corpus> corpus_;
  common::Streams streams_;
  std::vector<float> vector_;
  common::MessageWriter message_;
};

}  // namespace operators::rag
