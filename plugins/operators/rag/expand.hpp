// expand: pseudo-relevance feedback. The words that tell a first search's best documents apart join the query of a
// second.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/common/wire.hpp"
#include "operators/rag/corpus.hpp"

namespace operators::rag {

struct ExpandConfig {
  CorpusConfig corpus;
  uint32_t documents = 8;  // option expand_documents: best hits that are taken for relevant
  uint32_t words = 16;     // option expand_words: added to the query
  static ExpandConfig from_json(const sage::Json& config);
};

// The query and the words it lacks with the largest sum of tf * idf over the first documents (Rocchio's feedback, as in
// Manning, Raghavan and Schuetze, 2008, chapter 9). Ties go to the word that the corpus has first.
std::string expand(const Corpus& corpus, const ExpandConfig& config, std::string_view query,
                   std::span<const common::Hit> hits);

// Input: sizes, query, vector, hits. Output: sizes, the longer query, vector.
class Expand final : public sage::Operator {
 public:
  explicit Expand(const ExpandConfig& config);
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  ExpandConfig config_;
  std::shared_ptr<const Corpus> corpus_;
  std::vector<common::Hit> hits_;
  common::MessageWriter message_;
};

}  // namespace operators::rag
