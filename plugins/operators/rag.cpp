#include "operators/rag.hpp"

#include "operators/batch.hpp"
#include "operators/dedupe.hpp"
#include "operators/embed.hpp"
#include "operators/expand.hpp"
#include "operators/fuse.hpp"
#include "operators/generate.hpp"
#include "operators/ingest.hpp"
#include "operators/join.hpp"
#include "operators/lexical.hpp"
#include "operators/memory.hpp"
#include "operators/mmr.hpp"
#include "operators/refine.hpp"
#include "operators/rerank.hpp"
#include "operators/retrieve.hpp"
#include "operators/walk.hpp"

namespace operators {

std::unique_ptr<sage::Operator> open_rag_operator(std::string_view name, const sage::Json& config) {
  if (name == "embed") return std::make_unique<Embed>(EmbedConfig::from_json(config));
  if (name == "ingest")
    return std::make_unique<Ingest>(CorpusConfig::from_json(config), StreamsConfig::from_json(config));
  if (name == "memory") return std::make_unique<Memory>(MemoryConfig::from_json(config));
  if (name == "retrieve") return std::make_unique<Retrieve>(RetrieveConfig::from_json(config));
  if (name == "lexical") return std::make_unique<Lexical>(RetrieveConfig::from_json(config));
  if (name == "join") return std::make_unique<Join>(JoinConfig::from_json(config));
  if (name == "walk") return std::make_unique<Walk>(WalkConfig::from_json(config));
  if (name == "expand") return std::make_unique<Expand>(ExpandConfig::from_json(config));
  if (name == "fuse") return std::make_unique<Fuse>(FuseConfig::from_json(config));
  if (name == "dedupe") return std::make_unique<Dedupe>(DedupeConfig::from_json(config));
  if (name == "rerank") return std::make_unique<Rerank>(RerankConfig::from_json(config));
  if (name == "mmr") return std::make_unique<Mmr>(MmrConfig::from_json(config));
  if (name == "refine") return std::make_unique<Refine>(RefineConfig::from_json(config));
  if (name == "batch") return std::make_unique<Batcher>(BatchConfig::from_json(config));
  if (name == "generate") return std::make_unique<Generate>(GenerateConfig::from_json(config));
  return nullptr;
}

}  // namespace operators
