// Q1 PipelineChain: retrieval-augmented generation in several shapes, and work for the CPU alone; variants.cpp has
// them.
//
// Inputs are drawn from (seed, seq), and so is whatever a stage knows of other requests (sessions, windows, batches),
// so any backend must give the same digests: operators::DigestCheck.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

#include "operators/common/digest_check.hpp"
#include "operators/common/streams.hpp"
#include "operators/rag/corpus.hpp"
#include "workloads/q1/side_by_side.hpp"
#include "workloads/q1/variants.hpp"

namespace workloads::q1 {

class PipelineChain final : public sage::Workload {
 public:
  PipelineChain(sage::Host host, std::string_view id, const sage::Json& options);
  const sage::Description& describe() override { return variant_.description; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view name, const sage::Json& config, uint32_t replica,
                                                uint32_t replicas) override;
  size_t plan(std::span<sage_request> rows) override;
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override;
  sage::Conclusion conclude() override;

 private:
  explicit PipelineChain(Variant variant);
  // All but which of several pipelines it goes to: as if there were the first alone.
  void fill(sage_request& row) const;

  Variant variant_;
  SideBySide side_by_side_;  // of the feed's thread
  operators::common::Streams streams_;
  operators::rag::CorpusConfig corpus_;
  uint32_t outputs_min_, outputs_max_;
  sage::Draw outputs_;
  operators::common::DigestCheck check_;  // of the settling thread
};

}  // namespace workloads::q1
