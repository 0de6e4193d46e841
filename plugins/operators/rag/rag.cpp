#include "operators/rag/rag.hpp"

#include "operators/model_server/embed.hpp"
#include "operators/model_server/generate.hpp"
#include "operators/rag/batch.hpp"
#include "operators/rag/dedupe.hpp"
#include "operators/rag/expand.hpp"
#include "operators/rag/fuse.hpp"
#include "operators/rag/ingest.hpp"
#include "operators/rag/join.hpp"
#include "operators/rag/lexical.hpp"
#include "operators/rag/memory.hpp"
#include "operators/rag/mmr.hpp"
#include "operators/rag/refine.hpp"
#include "operators/rag/rerank.hpp"
#include "operators/rag/retrieve.hpp"
#include "operators/rag/walk.hpp"

namespace operators::rag {

std::unique_ptr<sage::Operator> open_rag_operator(std::string_view name, const sage::Json& config) {
  if (name == "embed") return std::make_unique<model_server::Embed>(model_server::EmbedConfig::from_json(config));
  if (name == "ingest")
    return std::make_unique<Ingest>(CorpusConfig::from_json(config), common::StreamsConfig::from_json(config));
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
  if (name == "generate")
    return std::make_unique<model_server::Generate>(model_server::GenerateConfig::from_json(config));
  return nullptr;
}

}  // namespace operators::rag
