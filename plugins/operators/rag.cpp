#include "operators/rag.hpp"

#include "operators/embed.hpp"
#include "operators/generate.hpp"
#include "operators/refine.hpp"
#include "operators/rerank.hpp"
#include "operators/retrieve.hpp"

namespace operators {

std::unique_ptr<sage::Operator> open_rag_operator(std::string_view name, const sage::Json& config) {
  if (name == "embed") return std::make_unique<Embed>(EmbedConfig::from_json(config));
  if (name == "retrieve") return std::make_unique<Retrieve>(RetrieveConfig::from_json(config));
  if (name == "rerank") return std::make_unique<Rerank>(RerankConfig::from_json(config));
  if (name == "refine") return std::make_unique<Refine>(RefineConfig::from_json(config));
  if (name == "generate") return std::make_unique<Generate>(GenerateConfig::from_json(config));
  return nullptr;
}

}  // namespace operators
